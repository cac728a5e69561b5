// Deleting copies: what a reader sees, when protection ends, and that space comes back only when that is safe.

#include <algorithm>
#include <cerrno>

#include "array_fixture.h"

namespace holdfast {
namespace {

class DeletionTest : public ArrayTest {
 protected:
  void SetUp() override {
    ArrayTest::SetUp();
    id = make_lun();
  }
  Guid id;
};

TEST_F(DeletionTest, AReadUnderWayIsAnsweredAndLaterOnesHearThatTheCopyIsGone) {
  ASSERT_TRUE(write(id, 0, pattern(65536, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(65536, 2)).ok());
  const std::shared_ptr<Lun> handle = array().find_lun(set.copies[0]);
  delay(SimulatedOp::read, "*", kSecond, 1);
  const Async reading = start_read(*handle, 0, 65536);
  Background<Status> deleting(machine(), array().delete_copies(set.snapshots));
  machine().loop().turn(0);
  const Async late = start_read(*handle, 0, 4096);
  EXPECT_TRUE(late->is_done);
  EXPECT_EQ(late->status.code(), Code::copy_gone);
  settle();
  EXPECT_FALSE(deleting.is_done()) << "a deletion waits for readers";
  ASSERT_TRUE(finish(reading).ok());
  EXPECT_EQ(std::vector<uint8_t>(reading->data, reading->data + 65536), pattern(65536, 1));
  EXPECT_TRUE(finish(deleting).ok());
  EXPECT_EQ(start_write(*handle, 0, pattern(512, 1))->status.code(), Code::copy_gone);
  EXPECT_EQ(machine().run(array().delete_copies(set.snapshots)).code(), Code::object_not_found);
}

// The power fails after every operation of a deletion during which the original is written to. The copy may be there
// again; then it must have its own bytes.
TEST_F(DeletionTest, ACopyWhoseDeletionIsLostHasItsBytesWhateverWasWrittenMeanwhile) {
  for (const CrashPolicy policy : {CrashPolicy::drop_all, CrashPolicy::keep_all, CrashPolicy::random_sectors}) {
    bool completed = false;
    int found_again = 0;
    for (uint64_t stop = 1; !completed; ++stop) {
      Machine cut(stop);
      ASSERT_TRUE(cut.create_array().ok());
      const Guid original = cut.run(cut.array->create_lun(65536)).take();
      ASSERT_TRUE(write_bytes(cut, *cut.array->find_lun(original), 0, pattern(16384, 1)).ok());
      const TakenSet redirecting = take_set(cut, {original});
      ASSERT_TRUE(write_bytes(cut, *cut.array->find_lun(original), 8192, pattern(8192, 2)).ok());
      const TakenSet doomed = take_set(cut, {original});
      ASSERT_TRUE(cut.run(cut.array->delete_copies(redirecting.snapshots)).ok());
      cut.settle();
      std::vector<uint8_t> expected = pattern(8192, 1);
      expected.resize(16384, 2);

      cut.io().set_stop_after(cut.io().operations() + stop);
      Background<Status> deleting(cut, cut.array->delete_copies(doomed.snapshots));
      std::vector<Async> writes;
      const std::shared_ptr<Lun> lun = cut.array->find_lun(original);
      for (uint8_t round = 3; !cut.io().stopped() && round < 40; ++round) {
        cut.loop().turn(0);
        writes.push_back(start_write(*lun, uint64_t{round % 4u} * 4096, pattern(4096, round)));
        if (round % 8 == 0) writes.push_back(start_flush(*lun));
      }
      while (!cut.io().stopped() && cut.loop().turn(0)) {
      }
      completed = !cut.io().stopped();
      cut.switch_off();
      cut.disk()->power_cut(stop, policy);
      Machine again(cut.disk(), stop);
      ASSERT_TRUE(again.open_array().ok());
      const std::shared_ptr<Lun> copy = again.array->find_lun(doomed.copies[0]);
      if (copy == nullptr) continue;
      ++found_again;
      ASSERT_EQ(read_bytes(again, *copy, 0, 16384), expected)
          << "stop after operation " << stop << ", policy " << static_cast<int>(policy);
    }
    // Where everything that completed is kept, the record itself is the first thing that does.
    EXPECT_TRUE(found_again > 0 || policy != CrashPolicy::drop_all) << "no cut came before the deletion was durable";
  }
}

TEST_F(DeletionTest, VersionsWrittenWhileTheirReaderIsDeletedAreCollectedToo) {
  ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
  const TakenSet kept = take_set(machine(), {id});
  for (uint8_t round = 2; round < 8; ++round) {
    ASSERT_TRUE(write(id, 0, pattern(4096, round)).ok());
    const TakenSet doomed = take_set(machine(), {id});
    delay(SimulatedOp::write, "*/area/*", kSecond, 1);
    const Async late = start_write(lun(id), 0, pattern(4096, static_cast<uint8_t>(round + 100)));
    delete_set(doomed);
    ASSERT_TRUE(finish(late).ok());
    settle();
    EXPECT_EQ(array().check().versions, 1u) << "round " << int{round};
  }
  EXPECT_EQ(read(kept.copies[0], 0, 4096), pattern(4096, 1));
}

TEST_F(DeletionTest, ADeletionWithoutSpaceForItsRecordHappensWhenThereIsSpaceAgain) {
  ASSERT_TRUE(write(id, 0, pattern(65536, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(65536, 2)).ok());
  ASSERT_TRUE(flush(id).ok());
  fail(SimulatedOp::write, "*/journal.*", ENOSPC);
  EXPECT_EQ(machine().run(array().delete_copies(set.snapshots)).code(), Code::no_space);
  EXPECT_EQ(array().find_lun(set.copies[0]), nullptr);
  ASSERT_TRUE(write(id, 0, pattern(4096, 3)).ok());
  ASSERT_TRUE(machine().run(array().checkpoint()).ok());
  settle();
  EXPECT_EQ(array().check().versions, 16u);
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(array().find_lun(set.copies[0]), nullptr);
}

TEST_F(DeletionTest, RoundAfterRoundOfCopiesNeedsNoMoreSpaceThanTheFirst) {
  uint64_t used_after_first = 0;
  TakenSet before;
  for (uint8_t round = 1; round <= 20; ++round) {
    ASSERT_TRUE(write(id, 0, pattern(65536, round)).ok());
    const TakenSet set = take_set(machine(), {id});
    ASSERT_TRUE(set.status.ok());
    if (round > 1) delete_set(before);
    before = set;
    // The data go between home and area from round to round.
    if (round <= 4) used_after_first = std::max(used_after_first, array().list_luns()[0].area_bytes);
  }
  delete_set(before);
  ASSERT_TRUE(flush(id).ok());
  ASSERT_TRUE(flush(id).ok());
  EXPECT_LE(array().list_luns()[0].area_bytes, used_after_first);
  expect_consistent();
}

TEST_F(DeletionTest, TheHomeOfAUnitIsUsedAgainWhenNobodyReadsIt) {
  ASSERT_TRUE(write(id, 0, pattern(65536, 1)).ok());
  delete_set(take_set(machine(), {id}));
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(65536, 2)).ok());
  delete_set(set);
  ASSERT_TRUE(flush(id).ok());
  ASSERT_TRUE(flush(id).ok());
  ASSERT_TRUE(flush(id).ok());
  // The next copy protects the units in the area, so fresh ones go home.
  const TakenSet next = take_set(machine(), {id});
  ASSERT_TRUE(flush(id).ok());
  const uint64_t used_before = array().list_luns()[0].area_bytes;
  ASSERT_TRUE(write(id, 0, pattern(65536, 3)).ok());
  EXPECT_EQ(array().list_luns()[0].area_bytes, used_before);
  EXPECT_EQ(read(next.copies[0], 0, 65536), pattern(65536, 2));
  ASSERT_TRUE(flush(id).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(read(next.copies[0], 0, 65536), pattern(65536, 2));
  EXPECT_EQ(read(id, 0, 65536), pattern(65536, 3));
}

TEST_F(DeletionTest, TheSourceOfAnArmedSetMayBeDeletedAndTheSetIsRefusedAtTheHold) {
  const TakenSet first = take_set(machine(), {id});
  const TakenSet set = arm_copies(machine(), {first.copies[0]});
  ASSERT_TRUE(set.status.ok());
  delete_set(first);
  EXPECT_EQ(hold_set(machine(), set, {first.copies[0]}).status().code(), Code::lun_not_found);
  EXPECT_TRUE(machine().run(array().abort_set(set.set)).ok());
  EXPECT_TRUE(take_set(machine(), {id}).status.ok());
}

TEST_F(DeletionTest, ACopyOfADeletedCopyKeepsItsBytes) {
  ASSERT_TRUE(write(id, 0, pattern(8192, 1)).ok());
  const TakenSet first = take_set(machine(), {id});
  ASSERT_TRUE(write(first.copies[0], 0, pattern(4096, 2)).ok());
  const TakenSet second = take_set(machine(), {first.copies[0]});
  ASSERT_TRUE(write(id, 0, pattern(8192, 3)).ok());
  delete_set(first);
  ASSERT_TRUE(write(id, 0, pattern(8192, 4)).ok());
  for (int opening = 0; opening < 2; ++opening) {
    EXPECT_EQ(read(second.copies[0], 0, 4096), pattern(4096, 2));
    EXPECT_EQ(read(second.copies[0], 4096, 4096), pattern(4096, 1));
    ASSERT_TRUE(die_and_open().ok());
  }
}

}  // namespace
}  // namespace holdfast
