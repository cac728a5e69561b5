// Every way a set can end, in every state it can be in.

#include <cerrno>

#include "array_fixture.h"
#include "disk/make_gpt.h"
#include "disk/vss_flags.h"

namespace holdfast {
namespace {

enum class Stage { armed, captured, released, recording, recorded };
constexpr Stage kStages[] = {Stage::armed, Stage::captured, Stage::released, Stage::recording, Stage::recorded};

class SetLifeTest : public ArrayTest {
 protected:
  void SetUp() override {
    ArrayTest::SetUp();
    id = make_lun();
    ASSERT_TRUE(write(id, 0, pattern(8192, 1)).ok());
  }
  /// A set brought to a stage of its life.
  TakenSet bring_to(Stage stage, OwnerId owner = 1, bool auto_release = false) {
    TakenSet set = arm_copies(machine(), {id}, auto_release, owner);
    EXPECT_TRUE(set.status.ok()) << set.status.message();
    if (stage == Stage::armed) return set;
    lease = hold_set(machine(), set, {id}, owner).value();
    if (stage == Stage::captured) return set;
    EXPECT_TRUE(machine().leases().release(lease, owner).ok());
    if (stage == Stage::released) return set;
    recording.emplace(machine(), array().record_set(set.set));
    if (stage == Stage::recording) {
      machine().loop().turn(0);
      EXPECT_FALSE(recording->is_done());
      return set;
    }
    set.status = finish(*recording);
    return set;
  }
  void expect_no_trace(const TakenSet& set, const char* what, int stage) {
    EXPECT_EQ(array().find_lun(set.copies[0]), nullptr) << what << " in stage " << stage;
    EXPECT_TRUE(array().list_sets().empty()) << what << " in stage " << stage;
    EXPECT_FALSE(machine().leases().is_held(lun(id))) << what << " in stage " << stage;
    EXPECT_EQ(lun(id).pending_vss_flags(), 0u);
    settle();
    ASSERT_TRUE(write(id, 0, pattern(4096, 2)).ok());
    const TakenSet next = take_set(machine(), {id});
    EXPECT_TRUE(next.status.ok()) << what << " in stage " << stage << ": " << next.status.message();
    EXPECT_EQ(read(next.copies[0], 0, 4096), pattern(4096, 2));
    delete_set(next);
    expect_consistent();
  }

  Guid id;
  LeaseId lease = 0;
  std::optional<Background<Status>> recording;
};

TEST_F(SetLifeTest, AnAbortLeavesNoTraceInWhateverStateTheSetIs) {
  for (const Stage stage : kStages) {
    const TakenSet set = bring_to(stage);
    ASSERT_TRUE(machine().run(array().abort_set(set.set)).ok());
    if (stage == Stage::recording) {
      EXPECT_FALSE(finish(*recording).ok());
    }
    expect_no_trace(set, "abort", static_cast<int>(stage));
  }
}

TEST_F(SetLifeTest, TheDeathOfTheOwnerLeavesNoTraceOfAnUnfinishedSet) {
  OwnerId owner = 10;
  for (const Stage stage : kStages) {
    const TakenSet set = bring_to(stage, ++owner);
    machine().leases().owner_died(owner);
    array().owner_died(owner);
    settle();
    if (stage == Stage::recording) (void)finish(*recording);
    while (array().find_lun(set.copies[0]) != nullptr) machine().loop().turn(kNever);
    expect_no_trace(set, "owner's death", static_cast<int>(stage));
  }
}

TEST_F(SetLifeTest, ACreatedSetOutlivesItsOwnerUnlessItIsAutoRelease) {
  const TakenSet persistent = take_set(machine(), {id});
  const TakenSet released = take_set(machine(), {id}, true);
  ASSERT_TRUE(persistent.status.ok() && released.status.ok());
  array().owner_died(1);
  settle();
  EXPECT_NE(array().find_lun(persistent.copies[0]), nullptr);
  EXPECT_EQ(array().find_lun(released.copies[0]), nullptr);
  EXPECT_TRUE(machine().run(array().abort_set(persistent.set)).ok());
  EXPECT_NE(array().find_lun(persistent.copies[0]), nullptr) << "what is created cannot be aborted";
}

TEST_F(SetLifeTest, ADeadlineDuringTheHoldDiscardsTheCapture) {
  const TakenSet set = arm_copies(machine(), {id});
  const LeaseId held = hold_set(machine(), set, {id}, 1, 2 * kSecond).value();
  const Async waiting = start_write(lun(id), 0, pattern(4096, 9));
  ASSERT_TRUE(finish(waiting).ok());
  EXPECT_EQ(array().find_lun(set.copies[0]), nullptr);
  EXPECT_FALSE(machine().leases().release(held, 1).value().held_throughout);
  EXPECT_EQ(machine().run(array().record_set(set.set)).code(), Code::object_not_found);
  EXPECT_EQ(array().list_luns()[0].area_bytes, 0u) << "nothing had to be redirected for a copy that is no more";
  expect_no_trace(set, "deadline", 0);
}

TEST_F(SetLifeTest, WhatWasWrittenForACaptureThatIsDiscardedIsNotKeptForEver) {
  const TakenSet first = take_set(machine(), {id});
  for (uint8_t round = 2; round < 6; ++round) {
    ASSERT_TRUE(write(id, 0, pattern(4096, round)).ok());
    const TakenSet set = arm_copies(machine(), {id});
    const LeaseId held = hold_set(machine(), set, {id}).value();
    ASSERT_TRUE(machine().leases().release(held, 1).ok());
    // Planned while the capture still protects the version before it, completed when nothing does any more.
    delay(SimulatedOp::write, "*/area/*", kSecond, 1);
    const Async late = start_write(lun(id), 0, pattern(4096, static_cast<uint8_t>(round + 100)));
    ASSERT_TRUE(machine().run(array().abort_set(set.set)).ok());
    settle();
    ASSERT_TRUE(finish(late).ok());
    EXPECT_EQ(array().check().versions, 1u) << "round " << int{round};
  }
  EXPECT_EQ(read(first.copies[0], 0, 4096), pattern(4096, 1));
}

TEST_F(SetLifeTest, ASetOfALunThatIsPartOfAnotherInProgressIsRefused) {
  const Guid other = make_lun();
  const TakenSet set = arm_copies(machine(), {id});
  EXPECT_EQ(arm_copies(machine(), {other, id}).status.code(), Code::snapshot_set_in_progress);
  ASSERT_TRUE(arm_copies(machine(), {other}).status.ok());
  ASSERT_TRUE(machine().run(array().abort_set(set.set)).ok());
  EXPECT_TRUE(arm_copies(machine(), {id}).status.ok());
}

TEST_F(SetLifeTest, TheSameLunTwiceInASetIsRefused) {
  EXPECT_EQ(arm_copies(machine(), {id, id}).status.code(), Code::object_already_exists);
  EXPECT_TRUE(take_set(machine(), {id}).status.ok());
}

TEST_F(SetLifeTest, AHoldThatLeavesOutAnArmedLunIsRefused) {
  const Guid other = make_lun();
  const TakenSet set = arm_copies(machine(), {id, other});
  EXPECT_EQ(hold_set(machine(), set, {id}).status().code(), Code::invalid_argument);
  EXPECT_EQ(hold_set(machine(), set, {id, Guid::random()}).status().code(), Code::lun_not_found);
  EXPECT_FALSE(machine().leases().is_held(lun(id)));
  EXPECT_EQ(machine().run(array().record_set(set.set)).code(), Code::bad_state);
  EXPECT_EQ(machine().run(array().finish_set(set.set, "")).code(), Code::bad_state);
}

TEST_F(SetLifeTest, SixtyFourLunsAreCapturedInOneTurnAndSixtyFiveAreRefused) {
  std::vector<Guid> luns = {id};
  for (uint8_t i = 1; i < 64; ++i) {
    luns.push_back(make_lun(65536));
    ASSERT_TRUE(write(luns.back(), 0, pattern(512, i)).ok());
  }
  TakenSet set = arm_copies(machine(), luns);
  ASSERT_TRUE(set.status.ok()) << set.status.message();
  std::optional<Result<LeaseId>> held;
  const Instant before = machine().loop().now();
  array().hold(set.set, 1, luns, 10 * kSecond, false, [&](Result<LeaseId> result) { held = result; });
  ASSERT_TRUE(held.has_value() && held->ok());
  EXPECT_EQ(machine().loop().now(), before);
  ASSERT_TRUE(machine().leases().release(held->value(), 1).ok());
  for (const Guid& guid : luns) ASSERT_TRUE(write(guid, 0, pattern(512, 200)).ok());
  ASSERT_TRUE(machine().run(array().record_set(set.set)).ok());
  ASSERT_TRUE(machine().run(array().finish_set(set.set, "")).ok());
  for (uint8_t i = 1; i < 64; ++i) EXPECT_EQ(read(set.copies[i], 0, 512), pattern(512, i));
  ASSERT_TRUE(cut_power_and_open().ok());
  for (uint8_t i = 1; i < 64; ++i) EXPECT_EQ(read(set.copies[i], 0, 512), pattern(512, i));
  luns.push_back(make_lun(65536));
  EXPECT_EQ(arm_copies(machine(), luns).status.code(), Code::maximum_number_of_volumes_reached);
}

TEST_F(SetLifeTest, ALunHas512CopiesAndNoMore) {
  TakenSet first;
  for (int i = 0; i < 512; ++i) {
    const TakenSet set = take_set(machine(), {id});
    ASSERT_TRUE(set.status.ok()) << "copy " << i << ": " << set.status.message();
    if (i == 0) first = set;
  }
  EXPECT_EQ(arm_copies(machine(), {id}).status.code(), Code::maximum_number_of_snapshots_reached);
  EXPECT_TRUE(arm_copies(machine(), {first.copies[0]}).status.ok()) << "a copy is a LUN of its own";
  delete_set(first);
  EXPECT_TRUE(arm_copies(machine(), {id}).status.ok());
}

TEST_F(SetLifeTest, CopiesOfCopiesGoAsDeepAsARecordCanSayAndNoDeeper) {
  std::vector<Guid> chain = {id};
  TakenSet set;
  while ((set = take_set(machine(), {chain.back()})).status.ok()) {
    ASSERT_TRUE(write(set.copies[0], 0, pattern(512, static_cast<uint8_t>(chain.size() % 251))).ok());
    chain.push_back(set.copies[0]);
    ASSERT_LE(chain.size(), 600u);
  }
  EXPECT_EQ(set.status.code(), Code::maximum_number_of_snapshots_reached) << set.status.message();
  EXPECT_EQ(chain.size(), 512u);
  ASSERT_TRUE(close_and_open().ok());
  for (const size_t depth : {size_t{1}, size_t{250}, size_t{511}}) {
    EXPECT_EQ(read(chain[depth], 0, 512), pattern(512, static_cast<uint8_t>(depth % 251)));
    EXPECT_EQ(read(chain[depth], 4096, 4096), pattern(4096, 1));
  }
}

TEST_F(SetLifeTest, ASetDeletedWhileItsRecordIsBeingSyncedIsReportedAsFailed) {
  const TakenSet set = bring_to(Stage::released);
  // The failing sync of the journal ends the recording and the deletion alike.
  for (const int error_number : {0, EIO}) {
    const TakenSet doomed = error_number == 0 ? set : bring_to(Stage::released);
    ASSERT_TRUE(flush(id).ok());
    delay(SimulatedOp::sync, "*/journal.*", kSecond, 1);
    if (error_number != 0) fail(SimulatedOp::sync, "*/journal.*", error_number);
    Background<Status> record(machine(), array().record_set(doomed.set));
    while (array().find_lun(doomed.copies[0]) == nullptr && !record.is_done()) machine().loop().turn(0);
    ASSERT_FALSE(record.is_done());
    Background<Status> abort(machine(), array().abort_set(doomed.set));
    EXPECT_FALSE(finish(record).ok());
    (void)finish(abort);
    EXPECT_EQ(array().find_lun(doomed.copies[0]), nullptr);
    EXPECT_TRUE(array().list_sets().empty());
  }
}

TEST_F(SetLifeTest, ASetWhoseLastRecordFindsNoSpaceCanStillBeAborted) {
  const TakenSet set = bring_to(Stage::recorded);
  fail(SimulatedOp::write, "*/journal.*", ENOSPC);
  EXPECT_EQ(machine().run(array().finish_set(set.set, "note")).code(), Code::no_space);
  ASSERT_TRUE(machine().run(array().abort_set(set.set)).ok());
  expect_no_trace(set, "abort", 0);
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_TRUE(array().list_sets().empty());
}

TEST_F(SetLifeTest, AnAbortWhileWritesAreAwaitedEndsTheHold) {
  const TakenSet set = arm_copies(machine(), {id});
  delay(SimulatedOp::write, "*/base/*", 5 * kSecond, 1);
  const Async slow = start_write(lun(id), 0, pattern(4096, 1));
  std::optional<Result<LeaseId>> held;
  array().hold(set.set, 1, {id}, 10 * kSecond, true, [&](Result<LeaseId> result) { held = result; });
  ASSERT_TRUE(machine().run(array().abort_set(set.set)).ok());
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(held->status().code(), Code::lease_expired);
  ASSERT_TRUE(finish(slow).ok());
  expect_no_trace(set, "abort while draining", 0);
}

TEST_F(SetLifeTest, VssFlagsArePendingOnTheOriginalAndWrittenToTheCopyOnly) {
  constexpr uint64_t kBytes = 8 << 20;
  const Guid disk = make_lun(kBytes);
  const NewPartition partition;
  for (const Patch& patch : make_gpt(kBytes, Guid::random(), std::span(&partition, 1)).take()) {
    ASSERT_TRUE(write(disk, patch.offset_bytes, patch.bytes).ok());
  }
  const std::vector<uint8_t> before = read(disk, 0, kBytes);
  ArmRequest request;
  request.set = Guid::random();
  request.owner = 1;
  request.auto_release = false;
  request.vss_flags = kVssFlagsMask;
  request.copies = {ArmCopy{disk, Guid::random(), Guid::random()}};
  ASSERT_TRUE(machine().run(array().arm_set(request)).ok());
  EXPECT_EQ(lun(disk).pending_vss_flags(), kVssFlagsMask);
  for (const LunInfo& info : array().list_luns()) {
    EXPECT_EQ(info.pending_vss_flags, info.record.guid == disk ? kVssFlagsMask : 0);
  }
  TakenSet set;
  set.set = request.set;
  const LeaseId held = hold_set(machine(), set, {disk}).value();
  ASSERT_TRUE(machine().leases().release(held, 1).ok());
  ASSERT_TRUE(machine().run(array().record_set(set.set)).ok());
  ASSERT_TRUE(machine().run(array().finish_set(set.set, "")).ok());
  EXPECT_EQ(lun(disk).pending_vss_flags(), 0u);
  for (int opening = 0; opening < 2; ++opening) {
    EXPECT_EQ(read(disk, 0, kBytes), before) << "the original has changed";
    LunAccess access(lun(request.copies[0].copy));
    Result<DiskEnds> ends = machine().run(access.read_ends());
    ASSERT_TRUE(ends.ok());
    Result<DiskLayout> layout = read_layout(ends.value().view());
    ASSERT_TRUE(layout.ok()) << layout.status().message();
    Result<uint64_t> flags = vss_flags_of(ends.value().view(), layout.value().partitions.at(0).index);
    ASSERT_TRUE(flags.ok()) << flags.status().message();
    EXPECT_EQ(flags.value(), kVssFlagsMask);
    EXPECT_FALSE(layout.value().damaged_primary || layout.value().damaged_backup || layout.value().copies_differ);
    ASSERT_TRUE(cut_power_and_open().ok());
  }
}

}  // namespace
}  // namespace holdfast
