// Changes of the life of LUNs that meet: each is made or refused as if it were alone, and the array opens afterwards.

#include <cerrno>

#include "array_fixture.h"

namespace holdfast {
namespace {

class LifeRacesTest : public ArrayTest {
 protected:
  uint64_t file_bytes(const std::string& path) {
    FileStat stat;
    EXPECT_EQ(machine().disk()->stat(path, &stat), 0) << path;
    return stat.size_bytes;
  }
};

TEST_F(LifeRacesTest, TheLastOrdinaryLunOfAFamilyThatHasCopiesOfCopiesIsNotDeleted) {
  for (const bool auto_release : {false, true}) {
    const Guid id = make_lun();
    const TakenSet copy = take_set(machine(), {id});
    const TakenSet of_copy = take_set(machine(), {copy.copies[0]}, auto_release);
    delete_set(copy);
    EXPECT_EQ(machine().run(array().delete_lun(id)).code(), Code::lun_in_use);
    if (!auto_release) delete_set(of_copy);
    Status opened = close_and_open();
    ASSERT_TRUE(opened.ok()) << opened.message();
    EXPECT_TRUE(machine().run(array().delete_lun(id)).ok());
    ASSERT_TRUE(close_and_open().ok());
  }
}

TEST_F(LifeRacesTest, ALunWhoseCopysCopyIsCapturedIsNeitherDeletedNorDetached) {
  const Guid id = make_lun();
  const TakenSet copy = take_set(machine(), {id});
  const TakenSet captured = arm_copies(machine(), {copy.copies[0]});
  Result<LeaseId> lease = hold_set(machine(), captured, {copy.copies[0]});
  ASSERT_TRUE(lease.ok() && machine().leases().release(lease.value(), 1).ok());
  delete_set(copy);
  EXPECT_EQ(machine().run(array().delete_lun(id)).code(), Code::lun_in_use);
  EXPECT_EQ(machine().run(array().detach_lun(id)).status().code(), Code::lun_in_use);
  ASSERT_TRUE(machine().run(array().record_set(captured.set)).ok());
  ASSERT_TRUE(machine().run(array().finish_set(captured.set, "")).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_NE(array().find_lun(captured.copies[0]), nullptr);
}

TEST_F(LifeRacesTest, TwoMembersThatGrowAtOnceLeaveABaseForTheLarger) {
  const Guid one = make_lun();
  const TakenSet copy = take_set(machine(), {one});
  ASSERT_TRUE(machine().run(array().break_copies(copy.snapshots)).ok());
  Background<Status> larger(machine(), array().grow_lun(one, 3 * kLunBytes));
  Background<Status> smaller(machine(), array().grow_lun(copy.copies[0], 2 * kLunBytes));
  EXPECT_TRUE(finish(larger).ok());
  EXPECT_TRUE(finish(smaller).ok());
  EXPECT_EQ(file_bytes(array().describe_lun(one)->base_path), 3 * kLunBytes);
  ASSERT_TRUE(write(one, 3 * kLunBytes - 4096, pattern(4096, 1)).ok());
  ASSERT_TRUE(flush(one).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(read(one, 3 * kLunBytes - 4096, 4096), pattern(4096, 1));
}

TEST_F(LifeRacesTest, ALunThatGrowsTwiceAtOnceHasTheFirstSizeAndTheSmallerIsRefused) {
  const Guid id = make_lun();
  Background<Status> larger(machine(), array().grow_lun(id, 3 * kLunBytes));
  Background<Status> smaller(machine(), array().grow_lun(id, 2 * kLunBytes));
  EXPECT_TRUE(finish(larger).ok());
  EXPECT_EQ(finish(smaller).code(), Code::lun_size);
  EXPECT_EQ(file_bytes(array().describe_lun(id)->base_path), 3 * kLunBytes);
}

TEST_F(LifeRacesTest, NothingReachesANewEndBeforeItIsRecorded) {
  const Guid id = make_lun();
  settle();
  fail(SimulatedOp::write, "*/journal*", ENOSPC, 1, 1);
  delay(SimulatedOp::write, "*/journal*", kSecond, 1);
  Background<Status> growing(machine(), array().grow_lun(id, 2 * kLunBytes));
  settle();
  ASSERT_FALSE(growing.is_done());
  EXPECT_EQ(start_write(lun(id), kLunBytes, pattern(4096, 9))->status.code(), Code::out_of_range);
  EXPECT_EQ(finish(growing).code(), Code::no_space);
  ASSERT_TRUE(machine().run(array().grow_lun(id, 2 * kLunBytes)).ok());
  EXPECT_EQ(read(id, kLunBytes, 4096), pattern(4096, 0));
}

TEST_F(LifeRacesTest, ADeletionWaitsForAGrowthThatFindsNoSpaceAndBothCanBeRecovered) {
  const Guid id = make_lun();
  const Guid other = make_lun();
  settle();
  fail(SimulatedOp::write, "*/journal*", ENOSPC, 1, 1);
  delay(SimulatedOp::write, "*/journal*", kSecond, 1);
  Background<Status> growing(machine(), array().grow_lun(id, 2 * kLunBytes));
  settle();
  Background<Status> deleting(machine(), array().delete_lun(id));
  EXPECT_EQ(finish(growing).code(), Code::no_space);
  EXPECT_TRUE(finish(deleting).ok());
  ASSERT_TRUE(write(other, 0, pattern(4096, 1)).ok());
  ASSERT_TRUE(flush(other).ok());
  Status opened = cut_power_and_open();
  ASSERT_TRUE(opened.ok()) << opened.message();
  EXPECT_EQ(array().find_lun(id), nullptr);
}

TEST_F(LifeRacesTest, FilesGoWhenTheDeletionThatFoundNoSpaceHasBecomeDurable) {
  const Guid id = make_lun();
  ASSERT_TRUE(write(id, 0, pattern(kLunBytes, 1)).ok());
  const std::string base = array().describe_lun(id)->base_path;
  settle();
  fail(SimulatedOp::write, "*/journal*", ENOSPC, 1, 1);
  EXPECT_EQ(machine().run(array().delete_lun(id)).code(), Code::no_space);
  FileStat stat;
  EXPECT_EQ(machine().disk()->stat(base, &stat), 0) << "a crash may bring the LUN back";
  ASSERT_TRUE(machine().run(array().checkpoint()).ok());
  EXPECT_EQ(machine().disk()->stat(base, &stat), -ENOENT);
}

TEST_F(LifeRacesTest, ANightlyRevertGoesOnForMoreNightsThanAViewIsDeep) {
  const Guid id = make_lun();
  for (int night = 0; night < 600; ++night) {
    const TakenSet set = take_set(machine(), {id});
    ASSERT_TRUE(set.status.ok()) << "night " << night << ": " << set.status.message();
    ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
    Status reverted = machine().run(array().revert_lun(id, set.copies[0]));
    ASSERT_TRUE(reverted.ok()) << "night " << night << ": " << reverted.message();
    delete_set(set);
  }
}

TEST(LifeRacesCrashTest, TwoDeletionsAtOnceAreBothMadeOrBroughtBackWhole) {
  for (uint64_t stop = 1; stop < 60; ++stop) {
    Machine cut(stop);
    ASSERT_TRUE(cut.create_array().ok());
    const Guid one = cut.run(cut.array->create_lun(65536)).take();
    const Guid other = cut.run(cut.array->create_lun(65536)).take();
    cut.settle();
    cut.io().set_stop_after(cut.io().operations() + stop);
    Background<Status> first(cut, cut.array->delete_lun(one));
    for (uint64_t i = 0; i < 1 + stop % 6; ++i) cut.loop().turn(0);
    Background<Status> second(cut, cut.array->delete_lun(other));
    while (!cut.io().stopped() && cut.loop().turn(0)) {
    }
    cut.switch_off();
    cut.disk()->power_cut(stop, CrashPolicy::keep_all);
    Machine again(cut.disk(), stop);
    Status opened = again.open_array();
    ASSERT_TRUE(opened.ok()) << "stop after " << stop << ": " << opened.message();
  }
}

// The process dies with a deletion in the journal that no sync covers; the next one opens and loses power on the way.
// The copy may be back then, and has to be whole: nothing of it may have been punched.
TEST(LifeRacesCrashTest, NothingIsPunchedBeforeWhatAnOpeningRestsOnIsDurable) {
  constexpr uint64_t kBytes = 8 << 20;
  int came_back = 0;
  for (uint64_t stop = 4; stop < 160; stop += 4) {
    Machine machine(7);
    ASSERT_TRUE(machine.create_array().ok());
    const Guid id = machine.run(machine.array->create_lun(kBytes)).take();
    const auto fill = [&](uint8_t value) {
      const std::shared_ptr<Lun> lun = machine.array->find_lun(id);
      for (uint64_t at = 0; at < kBytes; at += 1 << 20) {
        ASSERT_TRUE(write_bytes(machine, *lun, at, pattern(1 << 20, value)).ok());
      }
      const Async flushing = start_flush(*lun);
      machine.settle();
      ASSERT_TRUE(flushing->is_done);
    };
    fill(1);
    (void)take_set(machine, {id});
    fill(2);
    const TakenSet doomed = take_set(machine, {id});
    fill(3);
    ASSERT_TRUE(machine.run(machine.array->checkpoint()).ok());
    machine.settle();
    Fault never;
    never.path_pattern = "*/journal*";
    never.op = SimulatedOp::sync;
    never.count = Fault::kForever;
    never.delay = 100 * kSecond;
    machine.io().add_fault(never);
    Background<Status> deleting(machine, machine.array->delete_copies(doomed.snapshots));
    machine.settle();
    ASSERT_FALSE(deleting.is_done());
    machine.switch_off();
    machine.disk()->process_exit(1);

    Machine second(machine.disk(), 8);
    second.io().set_stop_after(stop);
    (void)second.open_array();
    second.switch_off();
    second.disk()->power_cut(stop, CrashPolicy::random_sectors);
    Machine third(second.disk(), 9);
    ASSERT_TRUE(third.open_array().ok()) << "stop after " << stop;
    const std::shared_ptr<Lun> copy = third.array->find_lun(doomed.copies[0]);
    if (copy == nullptr) continue;
    ++came_back;
    for (uint64_t at = 0; at < kBytes; at += 1 << 20) {
      ASSERT_EQ(read_bytes(third, *copy, at, 1 << 20), pattern(1 << 20, 2)) << "stop after " << stop;
    }
  }
  EXPECT_GT(came_back, 0) << "no cut came early enough";
}

}  // namespace
}  // namespace holdfast
