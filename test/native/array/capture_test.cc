// A write belongs to the epoch in which it was admitted, whenever its I/O happens.

#include <cerrno>

#include "array_fixture.h"

namespace holdfast {
namespace {

class CaptureTest : public ArrayTest {
 protected:
  void SetUp() override {
    ArrayTest::SetUp();
    id = make_lun();
  }
  LeaseId hold(const TakenSet& set) {
    std::optional<Result<LeaseId>> lease;
    array().hold(set.set, 1, {id}, 10 * kSecond, false, [&](Result<LeaseId> result) { lease = result; });
    EXPECT_TRUE(lease.has_value()) << "the instant waits for somebody";
    EXPECT_TRUE(lease->ok()) << lease->status().message();
    return lease->value();
  }
  Status release_and_record(const TakenSet& set, LeaseId lease) {
    EXPECT_TRUE(machine().leases().release(lease, 1).value().held_throughout);
    return machine().run(array().record_set(set.set));
  }

  Guid id;
};

TEST_F(CaptureTest, WritesInFlightAreNotAwaitedAndAreInTheCopy) {
  ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
  const TakenSet set = arm_copies(machine(), {id});
  delay(SimulatedOp::write, "*/base/*", kSecond);
  const Async before = start_write(lun(id), 0, pattern(4096, 2));
  const Async fresh_before = start_write(lun(id), 40960, pattern(8192, 3));
  const LeaseId lease = hold(set);
  EXPECT_FALSE(before->is_done);
  const Async after = start_write(lun(id), 0, pattern(4096, 4));
  settle();
  EXPECT_FALSE(after->is_done) << "the gate is closed";
  ASSERT_TRUE(release_and_record(set, lease).ok());
  EXPECT_TRUE(before->is_done);
  ASSERT_TRUE(finish(after).ok());
  EXPECT_EQ(read(set.copies[0], 0, 4096), pattern(4096, 2));
  EXPECT_EQ(read(set.copies[0], 40960, 8192), pattern(8192, 3));
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 4));
}

TEST_F(CaptureTest, AWriteAdmittedAfterTheInstantIsInNoCopyEvenIfItIsDoneFirst) {
  const TakenSet set = arm_copies(machine(), {id});
  delay(SimulatedOp::write, "*/base/*", kSecond, 1);
  const Async before = start_write(lun(id), 0, pattern(4096, 1));
  const LeaseId lease = hold(set);
  ASSERT_TRUE(machine().leases().release(lease, 1).ok());
  ASSERT_TRUE(finish(start_write(lun(id), 8192, pattern(4096, 2))).ok());
  EXPECT_FALSE(before->is_done);
  ASSERT_TRUE(machine().run(array().record_set(set.set)).ok());
  EXPECT_EQ(read(set.copies[0], 0, 4096), pattern(4096, 1));
  EXPECT_EQ(read(set.copies[0], 8192, 4096), pattern(4096, 0));
  EXPECT_EQ(read(id, 8192, 4096), pattern(4096, 2));
}

TEST_F(CaptureTest, TwoPartialWritesToOneUnitAroundTheInstantLoseNothing) {
  // Each in place, and each through a redirected unit that is read, changed in part and written whole.
  for (const bool redirected : {false, true}) {
    ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
    if (redirected) {
      ASSERT_TRUE(take_set(machine(), {id}).status.ok());
    }
    const TakenSet set = arm_copies(machine(), {id});
    const Async before = start_write(lun(id), 512, pattern(512, 2));
    const LeaseId lease = hold(set);
    ASSERT_TRUE(machine().leases().release(lease, 1).ok());
    const Async after = start_write(lun(id), 2048, pattern(512, 3));
    ASSERT_TRUE(finish(before).ok());
    ASSERT_TRUE(finish(after).ok());
    ASSERT_TRUE(machine().run(array().record_set(set.set)).ok());
    std::vector<uint8_t> expected = pattern(4096, 1);
    std::fill_n(expected.begin() + 512, 512, uint8_t{2});
    EXPECT_EQ(read(set.copies[0], 0, 4096), expected);
    std::fill_n(expected.begin() + 2048, 512, uint8_t{3});
    EXPECT_EQ(read(id, 0, 4096), expected);
    ASSERT_TRUE(machine().run(array().finish_set(set.set, "")).ok());
  }
}

TEST_F(CaptureTest, AWriteToACopyWaitsForTheOldWriteItCoversInPart) {
  ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
  const TakenSet first = take_set(machine(), {id});
  const TakenSet set = arm_copies(machine(), {id, first.copies[0]});
  delay(SimulatedOp::write, "*/area/*", kSecond, 1);
  const Async old_write = start_write(lun(first.copies[0]), 0, pattern(2048, 2));
  std::optional<Result<LeaseId>> lease;
  array().hold(set.set, 1, {id, first.copies[0]}, 10 * kSecond, false, [&](Result<LeaseId> r) { lease = r; });
  ASSERT_TRUE(lease.has_value() && lease->ok());
  ASSERT_TRUE(machine().leases().release(lease->value(), 1).ok());
  const Async second = start_write(lun(first.copies[0]), 2048, pattern(2048, 3));
  settle();
  ASSERT_TRUE(finish(second).ok());
  EXPECT_TRUE(old_write->is_done);
  ASSERT_TRUE(machine().run(array().record_set(set.set)).ok());
  std::vector<uint8_t> expected = pattern(4096, 1);
  std::fill_n(expected.begin(), 2048, uint8_t{2});
  EXPECT_EQ(read(set.copies[1], 0, 4096), expected);
  EXPECT_EQ(read(set.copies[0], 0, 4096), pattern(4096, 1));
  std::fill_n(expected.begin() + 2048, 2048, uint8_t{3});
  EXPECT_EQ(read(first.copies[0], 0, 4096), expected);
}

TEST_F(CaptureTest, AnOldWriteThatFailsAfterTheInstantFailsTheSetWithLunOffsetAndErrno) {
  DiffAreaSetting setting;
  setting.policy = SpacePolicy::refuse;
  ASSERT_TRUE(machine().run(array().set_diff_area(id, setting)).ok());
  const TakenSet earlier = take_set(machine(), {id});
  const TakenSet set = arm_copies(machine(), {id});
  machine().io().clear_faults();
  fail(SimulatedOp::write, "*/area/*", EIO);
  delay(SimulatedOp::write, "*/area/*", kSecond, 1);
  const Async doomed = start_write(lun(id), 8192, pattern(4096, 1));
  const LeaseId lease = hold(set);
  Status recorded = release_and_record(set, lease);
  EXPECT_EQ(recorded.code(), Code::io);
  EXPECT_EQ(recorded.error_number(), EIO);
  EXPECT_EQ(recorded.offset_bytes(), 8192u);
  EXPECT_NE(recorded.message().find(id.to_string()), std::string::npos) << recorded.message();
  EXPECT_EQ(doomed->status.code(), Code::io);
  EXPECT_EQ(array().find_lun(set.copies[0]), nullptr);
  ASSERT_EQ(array().list_sets().size(), 1u);
  EXPECT_EQ(read(earlier.copies[0], 8192, 4096), pattern(4096, 0));
  EXPECT_TRUE(take_set(machine(), {id}).status.ok()) << "the next set is not held to account";
}

TEST_F(CaptureTest, AWriteThatFailedBeforeTheInstantDoesNotFailTheSet) {
  fail(SimulatedOp::write, "*/base/*", EIO);
  EXPECT_EQ(write(id, 0, pattern(4096, 1)).code(), Code::io);
  const TakenSet set = take_set(machine(), {id});
  EXPECT_TRUE(set.status.ok()) << set.status.message();
}

TEST_F(CaptureTest, AReadOfTheCopyWaitsForTheOldWriteItMustSee) {
  const TakenSet set = arm_copies(machine(), {id});
  delay(SimulatedOp::write, "*/base/*", kSecond, 1);
  const Async old_write = start_write(lun(id), 0, pattern(4096, 5));
  const LeaseId lease = hold(set);
  ASSERT_TRUE(release_and_record(set, lease).ok());
  EXPECT_EQ(read(set.copies[0], 0, 4096), pattern(4096, 5));
  EXPECT_TRUE(old_write->is_done);
}

TEST_F(CaptureTest, QuiescedWritesAreAwaitedWhereAProviderNeedsIt) {
  const TakenSet set = arm_copies(machine(), {id});
  delay(SimulatedOp::write, "*/base/*", kSecond, 1);
  const Async before = start_write(lun(id), 0, pattern(4096, 1));
  std::optional<Result<LeaseId>> lease;
  array().hold(set.set, 1, {id}, 10 * kSecond, true, [&](Result<LeaseId> result) { lease = result; });
  EXPECT_FALSE(lease.has_value());
  while (!lease.has_value()) machine().loop().turn(kNever);
  EXPECT_TRUE(before->is_done);
  ASSERT_TRUE(lease->ok());
  ASSERT_TRUE(release_and_record(set, lease->value()).ok());
  EXPECT_EQ(read(set.copies[0], 0, 4096), pattern(4096, 1));
}

TEST_F(CaptureTest, WritesBeyondTheBudgetAreRefusedAndNothingAcceptedIsLost) {
  machine().leases().set_held_bytes_max(16384);
  const TakenSet set = arm_copies(machine(), {id});
  const LeaseId lease = hold(set);
  std::vector<Async> writes;
  for (uint8_t i = 0; i < 6; ++i) {
    writes.push_back(start_write(lun(id), uint64_t{i} * 4096, pattern(4096, static_cast<uint8_t>(i + 1))));
  }
  EXPECT_TRUE(writes[4]->is_done);
  EXPECT_EQ(writes[4]->status.code(), Code::held_full);
  EXPECT_EQ(writes[5]->status.code(), Code::held_full);
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 0)) << "reads pass a closed gate";
  EXPECT_TRUE(flush(id).ok()) << "flushes pass a closed gate";
  EXPECT_FALSE(writes[0]->is_done);
  ASSERT_TRUE(release_and_record(set, lease).ok());
  for (uint8_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(finish(writes[i]).ok());
    EXPECT_EQ(read(id, uint64_t{i} * 4096, 4096), pattern(4096, static_cast<uint8_t>(i + 1)));
  }
  EXPECT_EQ(read(set.copies[0], 0, 16384), pattern(16384, 0));
  const TakenSet next = arm_copies(machine(), {id});
  hold(next);
  const Async whole_budget = start_write(lun(id), 0, pattern(16384, 9));
  EXPECT_FALSE(whole_budget->is_done) << "the budget has come back";
  ASSERT_TRUE(machine().run(array().abort_set(next.set)).ok());
  EXPECT_TRUE(finish(whole_budget).ok());
}

TEST_F(CaptureTest, TheLastUnitOfTheLargestLunIsCapturedLikeAnyOther) {
  id = make_lun(kLunBytesMax);
  const uint64_t last = kLunBytesMax - 4096;
  ASSERT_TRUE(write(id, last, pattern(4096, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(set.status.ok()) << set.status.message();
  ASSERT_TRUE(write(id, last + 512, pattern(512, 2)).ok());
  EXPECT_EQ(read(set.copies[0], last, 4096), pattern(4096, 1));
  EXPECT_EQ(start_write(lun(id), last + 512, pattern(4096, 3))->status.code(), Code::out_of_range);
  ASSERT_TRUE(flush(id).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(read(set.copies[0], last, 4096), pattern(4096, 1));
  EXPECT_EQ(read(id, last + 512, 512), pattern(512, 2));
}

}  // namespace
}  // namespace holdfast
