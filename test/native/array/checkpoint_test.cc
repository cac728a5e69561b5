// Checkpoints while the array is in use: when they happen, what they interrupt, and what a failed one leaves.

#include <cerrno>

#include "array_fixture.h"

namespace holdfast {
namespace {

class CheckpointTest : public ArrayTest {
 protected:
  bool exists(const std::string& name) { return machine().disk()->exists("/array/" + name); }
};

// Every flush after a redirected write costs the journal a batch of 4 KiB at least, so 64 MiB are 16 Ki flushes.
// Nothing but writes and flushes happens here.
TEST_F(CheckpointTest, AJournalThatGrowsBy64MiBIsReplacedWithoutAnySetBeingTaken) {
  const Guid id = make_lun(80 << 20);
  ASSERT_TRUE(take_set(machine(), {id}).status.ok());
  const uint32_t unit_count = (64 << 20) / kUnitBytes + 64;
  for (uint32_t unit = 0; unit < unit_count; ++unit) {
    ASSERT_TRUE(finish(start_write(lun(id), unit_offset(unit), pattern(4096, static_cast<uint8_t>(unit % 251)))).ok());
    ASSERT_TRUE(flush(id).ok());
  }
  settle();
  EXPECT_FALSE(exists("journal.1"));
  EXPECT_FALSE(exists("checkpoint.1"));
  EXPECT_TRUE(exists("checkpoint.2"));
  ASSERT_TRUE(cut_power_and_open().ok());
  for (uint32_t unit = 0; unit < unit_count; unit += 97) {
    ASSERT_EQ(read(id, unit_offset(unit), 512), pattern(512, static_cast<uint8_t>(unit % 251))) << "unit " << unit;
  }
}

TEST_F(CheckpointTest, WritesGoOnWhileACheckpointIsWrittenAndAreThereAfterwards) {
  const Guid id = make_lun();
  ASSERT_TRUE(write(id, 0, pattern(65536, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  delay(SimulatedOp::write, "*/checkpoint.*", kSecond);
  Background<Status> checkpoint(machine(), array().checkpoint());
  for (uint8_t round = 2; round < 20; ++round) {
    ASSERT_TRUE(write(id, uint64_t{round % 16u} * 4096, pattern(4096, round)).ok());
    ASSERT_TRUE(flush(id).ok());
    EXPECT_FALSE(checkpoint.is_done());
  }
  ASSERT_TRUE(finish(checkpoint).ok());
  EXPECT_FALSE(exists("journal.1"));
  const std::vector<uint8_t> bytes = read(id, 0, 65536);
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(read(id, 0, 65536), bytes);
  EXPECT_EQ(read(set.copies[0], 0, 65536), pattern(65536, 1));
}

// Whatever operation of a checkpoint fails, with whatever error: the array goes on or says why not, the next
// checkpoint can be taken where the journal is whole, and nothing is lost.
TEST_F(CheckpointTest, AFailureAtAnyStepOfACheckpointLosesNothing) {
  struct Step {
    SimulatedOp op;
    const char* path;
  };
  const Step steps[] = {{SimulatedOp::open, "*/journal.*"},    {SimulatedOp::sync_directory, "/array"},
                        {SimulatedOp::write, "*/journal.1"},   {SimulatedOp::sync, "*/journal.1"},
                        {SimulatedOp::open, "*/checkpoint.*"}, {SimulatedOp::write, "*/checkpoint.*"},
                        {SimulatedOp::sync, "*/checkpoint.*"}, {SimulatedOp::rename, "*/checkpoint.*"},
                        {SimulatedOp::unlink, "*/journal.1"},  {SimulatedOp::close, "*/journal.1"},
                        {SimulatedOp::sync, "*/area/*"}};
  for (const Step& step : steps) {
    for (const int error_number : {EIO, ENOSPC}) {
      for (uint64_t nth = 1; nth <= 2; ++nth) {
        const std::string what = std::string(step.path) + " operation " + std::to_string(static_cast<int>(step.op)) +
                                 " number " + std::to_string(nth) + " errno " + std::to_string(error_number);
        machine_ = std::make_unique<Machine>(nth);
        ASSERT_TRUE(machine().create_array().ok());
        const Guid id = make_lun();
        ASSERT_TRUE(write(id, 0, pattern(16384, 1)).ok());
        const TakenSet set = take_set(machine(), {id});
        ASSERT_TRUE(write(id, 0, pattern(8192, 2)).ok());
        ASSERT_TRUE(flush(id).ok());
        ASSERT_TRUE(write(id, 8192, pattern(4096, 3)).ok());
        fail(step.op, step.path, error_number, nth, 2);
        Status first = machine().run(array().checkpoint());
        Status second = machine().run(array().checkpoint());
        machine().io().clear_faults();
        // What is broken stays broken until it is opened again; everything else goes on.
        Status third = machine().run(array().checkpoint());
        const bool sync_failed = step.op == SimulatedOp::sync && error_number == EIO;
        if (error_number == ENOSPC && step.op != SimulatedOp::sync) {
          EXPECT_TRUE(third.ok()) << what << ": " << third.message();
        }
        const bool goes_on = write(id, 12288, pattern(4096, 4)).ok() && flush(id).ok();
        if (!sync_failed && step.op != SimulatedOp::sync && error_number == ENOSPC) {
          EXPECT_TRUE(goes_on) << what;
        }
        Status opened = nth == 1 ? cut_power_and_open() : die_and_open();
        ASSERT_TRUE(opened.ok()) << what << ": " << opened.message();
        EXPECT_EQ(read(id, 0, 8192), pattern(8192, 2)) << what;
        EXPECT_EQ(read(set.copies[0], 0, 16384), pattern(16384, 1)) << what;
        if (goes_on) {
          EXPECT_EQ(read(id, 12288, 4096), pattern(4096, 4)) << what;
        }
        expect_consistent();
      }
    }
  }
}

TEST_F(CheckpointTest, ACheckpointThatFindsNoSpaceLeavesNoFileBehind) {
  const Guid id = make_lun();
  ASSERT_TRUE(take_set(machine(), {id}).status.ok());
  fail(SimulatedOp::write, "*/checkpoint.*", ENOSPC);
  EXPECT_EQ(machine().run(array().checkpoint()).code(), Code::no_space);
  EXPECT_FALSE(exists("checkpoint.2.tmp"));
  EXPECT_TRUE(exists("checkpoint.1"));
  ASSERT_TRUE(machine().run(array().checkpoint()).ok());
  EXPECT_FALSE(exists("checkpoint.1"));
  EXPECT_FALSE(exists("journal.1"));
  EXPECT_FALSE(exists("journal.2"));
}

}  // namespace
}  // namespace holdfast
