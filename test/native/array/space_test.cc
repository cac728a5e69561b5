// The maximum of a diff area and what becomes of a write that finds no room.

#include "space_fixture.h"

namespace holdfast {
namespace {

TEST_F(SpaceTest, TheOldestCopiesAreGivenUpWhenTheMaximumIsReachedAndTheWriteSucceeds) {
  ASSERT_TRUE(set_area(20, SpacePolicy::drop_oldest).ok());
  std::vector<TakenSet> sets;
  for (uint8_t i = 0; i < 3; ++i) {
    sets.push_back(take_set(machine(), {id}));
    ASSERT_TRUE(write_units(0, 6, static_cast<uint8_t>(2 + i)).ok());
  }
  const std::shared_ptr<Lun> first = array().find_lun(sets[0].copies[0]);
  EXPECT_EQ(used_units(), 18u);
  ASSERT_TRUE(write_units(6, 2, 5).ok());
  EXPECT_EQ(used_units(), 20u);
  EXPECT_EQ(array().list_sets().size(), 3u);
  ASSERT_TRUE(write_units(8, 1, 5).ok()) << "this one no longer fits";
  EXPECT_EQ(used_units(), 15u);
  EXPECT_FALSE(has(sets[0]));
  Status gone = read_status(first);
  EXPECT_EQ(gone.code(), Code::copy_gone);
  EXPECT_NE(gone.message().find("given up to keep the diff area of its source within its maximum"), std::string::npos)
      << gone.message();
  EXPECT_EQ(start_write(*first, 0, pattern(512, 1))->status.code(), Code::copy_gone);
  EXPECT_EQ(array().why_missing(sets[0].copies[0]).message(), gone.message());
  EXPECT_EQ(array().why_missing(Guid::random()).code(), Code::lun_not_found);
  ASSERT_EQ(array().lost_copies().size(), 1u);
  EXPECT_EQ(array().lost_copies()[0].ids.snapshot, sets[0].snapshots[0]);
  EXPECT_EQ(array().lost_copies()[0].set, sets[0].set);
  ASSERT_TRUE(write_units(9, 11, 5).ok()) << "two more have to go for one write";
  EXPECT_FALSE(has(sets[1]));
  EXPECT_TRUE(has(sets[2]));
  EXPECT_EQ(used_units(), 20u);
  ASSERT_TRUE(flush(id).ok());
  settle();
  expect_consistent();
  for (int opening = 0; opening < 2; ++opening) {
    EXPECT_EQ(read(sets[2].copies[0], 0, 6 * kUnit), pattern(6 * kUnit, 3));
    EXPECT_EQ(read(sets[2].copies[0], 6 * kUnit, kUnit), pattern(kUnit, 1));
    EXPECT_EQ(read(id, 6 * kUnit, 14 * kUnit), pattern(14 * kUnit, 5));
    EXPECT_EQ(used_units(), 20u);
    ASSERT_TRUE(cut_power_and_open().ok());
  }
}

TEST_F(SpaceTest, ASetThatLostAMemberIsIncompleteForGood) {
  const Guid other = make_lun();
  ASSERT_TRUE(set_area(4, SpacePolicy::drop_oldest).ok());
  const TakenSet set = take_set(machine(), {id, other});
  ASSERT_TRUE(write_units(0, 4, 2).ok());
  ASSERT_TRUE(take_set(machine(), {id}).status.ok());
  ASSERT_TRUE(write_units(4, 1, 2).ok());
  for (int opening = 0; opening < 3; ++opening) {
    SetRecord incomplete;
    for (const SetRecord& record : array().list_sets()) {
      if (record.set == set.set) incomplete = record;
    }
    ASSERT_EQ(incomplete.copies.size(), 1u);
    EXPECT_EQ(incomplete.copies[0].guid, set.copies[1]);
    EXPECT_EQ(incomplete.copies_at_creation, 2u);
    ASSERT_EQ(incomplete.given_up.size(), 1u);
    EXPECT_EQ(incomplete.given_up[0].copy, set.copies[0]);
    EXPECT_EQ(incomplete.given_up[0].snapshot, set.snapshots[0]);
    EXPECT_EQ(incomplete.given_up[0].source, id);
    EXPECT_EQ(incomplete.given_up[0].reason, GiveUpReason::maximum_reached);
    ASSERT_TRUE((opening == 0 ? cut_power_and_open() : close_and_open()).ok());
  }
}

TEST_F(SpaceTest, AWriteThatIsRefusedChangesNothingElse) {
  ASSERT_TRUE(set_area(4, SpacePolicy::refuse).ok());
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 4, 2).ok());
  Status refused = write_units(3, 2, 3);
  EXPECT_EQ(refused.code(), Code::no_space);
  EXPECT_EQ(refused.offset_bytes(), unit_offset(3));
  EXPECT_NE(refused.message().find("16384 bytes"), std::string::npos) << refused.message();
  EXPECT_TRUE(has(set));
  EXPECT_EQ(read(id, 0, 5 * kUnit).back(), 1);
  EXPECT_EQ(read(id, unit_offset(3), kUnit), pattern(kUnit, 2));
  EXPECT_EQ(read(set.copies[0], 0, 16 * kUnit), pattern(16 * kUnit, 1));
  EXPECT_TRUE(write_units(0, 4, 4).ok()) << "what is redirected already needs no more room";
  EXPECT_EQ(write(set.copies[0], 0, pattern(512, 9)).code(), Code::no_space) << "writes to a copy need room too";
  ASSERT_TRUE(set_area(5, SpacePolicy::refuse).ok());
  EXPECT_TRUE(write(set.copies[0], 0, pattern(512, 9)).ok());
  EXPECT_EQ(write_units(4, 1, 4).code(), Code::no_space);
  delete_set(set);
  EXPECT_TRUE(write_units(4, 8, 4).ok());
  ASSERT_TRUE(take_set(machine(), {id}).status.ok()) << "taking a copy needs no room";
  EXPECT_TRUE(write_units(0, 5, 5).ok());
  EXPECT_EQ(write_units(5, 1, 5).code(), Code::no_space);
}

TEST_F(SpaceTest, AWriteLargerThanTheMaximumCostsEveryCopyAndOneToACopyIsRefused) {
  ASSERT_TRUE(set_area(4, SpacePolicy::drop_oldest).ok());
  const TakenSet first = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 2, 2).ok());
  const TakenSet second = take_set(machine(), {id});
  EXPECT_EQ(write(second.copies[0], unit_offset(8), pattern(5 * kUnit, 2)).code(), Code::no_space);
  EXPECT_TRUE(has(first) && has(second));
  EXPECT_TRUE(write_units(8, 5, 2).ok());
  EXPECT_FALSE(has(first) || has(second));
  EXPECT_EQ(used_units(), 0u);
  EXPECT_EQ(read(id, unit_offset(8), 5 * kUnit), pattern(5 * kUnit, 2));
}

TEST_F(SpaceTest, AWriteThatWaitsGoesOnWhenThereIsRoomAndFailsAtTheLimit) {
  ASSERT_TRUE(set_area(4, SpacePolicy::stall, 2000).ok());
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 4, 2).ok());
  const Instant begun = machine().loop().now();
  Status refused = write_units(4, 1, 3);
  EXPECT_EQ(refused.code(), Code::no_space);
  EXPECT_NE(refused.message().find("2000 ms"), std::string::npos) << refused.message();
  EXPECT_GE(machine().loop().now() - begun, 2 * kSecond);
  EXPECT_LT(machine().loop().now() - begun, 3 * kSecond);

  Async waiting = start_write(lun(id), unit_offset(4), pattern(kUnit, 3));
  settle();
  EXPECT_FALSE(waiting->is_done);
  EXPECT_EQ(read(id, unit_offset(4), kUnit), pattern(kUnit, 1)) << "it holds no units";
  EXPECT_EQ(read(set.copies[0], unit_offset(4), kUnit), pattern(kUnit, 1));
  const TakenSet meanwhile = take_set(machine(), {id});
  ASSERT_TRUE(meanwhile.status.ok()) << "nor does a set wait for it";
  EXPECT_FALSE(waiting->is_done);
  delete_set(set);
  EXPECT_TRUE(finish(waiting).ok());
  EXPECT_EQ(read(id, unit_offset(4), kUnit), pattern(kUnit, 3));
  EXPECT_EQ(read(meanwhile.copies[0], unit_offset(4), kUnit), pattern(kUnit, 1));

  ASSERT_TRUE(write_units(8, 3, 3).ok());
  waiting = start_write(lun(id), unit_offset(11), pattern(kUnit, 3));
  settle();
  EXPECT_FALSE(waiting->is_done);
  ASSERT_TRUE(set_area(5, SpacePolicy::stall, 2000).ok());
  EXPECT_TRUE(finish(waiting).ok()) << "the maximum was raised";

  waiting = start_write(lun(id), unit_offset(12), pattern(kUnit, 3));
  settle();
  EXPECT_FALSE(waiting->is_done);
  ASSERT_TRUE(close_and_open().ok()) << "closing does not wait for it";
  EXPECT_TRUE(waiting->is_done);
  EXPECT_FALSE(waiting->status.ok());
}

TEST_F(SpaceTest, SettingsAreDurableAndThoseThatMakeNoSenseAreRefused) {
  EXPECT_EQ(array().diff_area(id).value().setting, DiffAreaSetting{});
  ASSERT_TRUE(set_area(77, SpacePolicy::stall, 123).ok());
  for (int opening = 0; opening < 3; ++opening) {
    const DiffAreaSetting setting = array().diff_area(id).value().setting;
    EXPECT_EQ(setting.maximum_bytes, 77u * kUnit);
    EXPECT_EQ(setting.policy, SpacePolicy::stall);
    EXPECT_EQ(setting.stall_millis, 123u);
    ASSERT_TRUE((opening == 0 ? cut_power_and_open() : close_and_open()).ok());
  }
  EXPECT_EQ(set_area(0, SpacePolicy::refuse).code(), Code::invalid_argument);
  const TakenSet set = take_set(machine(), {id});
  EXPECT_EQ(machine().run(array().set_diff_area(set.copies[0], DiffAreaSetting{})).code(), Code::invalid_argument);
  EXPECT_EQ(array().diff_area(set.copies[0]).status().code(), Code::invalid_argument);
  EXPECT_EQ(machine().run(array().set_diff_area(Guid::random(), DiffAreaSetting{})).code(), Code::lun_not_found);
  fail(SimulatedOp::write, "*/journal.*", ENOSPC, 1, Fault::kForever);
  EXPECT_EQ(set_area(5, SpacePolicy::refuse).code(), Code::no_space);
  EXPECT_EQ(array().diff_area(id).value().setting.maximum_bytes, 77u * kUnit) << "it could not be made durable";
  machine().io().clear_faults();
  ASSERT_TRUE(machine().run(array().break_copies(set.snapshots)).ok());
  EXPECT_EQ(array().diff_area(set.copies[0]).value().setting, DiffAreaSetting{}) << "an ordinary LUN has its own";
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(array().diff_area(id).value().setting.maximum_bytes, 77u * kUnit);
  EXPECT_EQ(array().diff_areas().size(), 2u);
}

TEST_F(SpaceTest, ALowerMaximumGivesTheOldestUpAtOnceOrWaitsWithTheOtherPolicies) {
  const TakenSet first = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 6, 2).ok());
  const TakenSet second = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 4, 3).ok());
  ASSERT_TRUE(set_area(5, SpacePolicy::refuse).ok());
  EXPECT_TRUE(has(first));
  EXPECT_EQ(used_units(), 10u);
  EXPECT_EQ(write_units(20, 1, 3).code(), Code::no_space);
  ASSERT_TRUE(set_area(5, SpacePolicy::drop_oldest).ok());
  EXPECT_FALSE(has(first));
  EXPECT_TRUE(has(second));
  EXPECT_EQ(used_units(), 4u);
}

TEST_F(SpaceTest, ABrokenOffCopyKeepsWhatItNeedsAndIsNeverGivenUp) {
  const TakenSet first = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 4, 2).ok());
  ASSERT_TRUE(machine().run(array().break_copies(first.snapshots)).ok());
  const TakenSet second = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 2, 3).ok());
  EXPECT_EQ(used_units(), 2u);
  ASSERT_TRUE(set_area(2, SpacePolicy::drop_oldest).ok());
  ASSERT_TRUE(write_units(2, 1, 3).ok());
  EXPECT_FALSE(has(second));
  ASSERT_TRUE(write_units(20, 40, 3).ok()) << "what only the one that was broken off sees does not count";
  EXPECT_EQ(used_units(), 0u);
  EXPECT_EQ(read(first.copies[0], 0, kUnit), pattern(kUnit, 1));
  EXPECT_EQ(read(first.copies[0], unit_offset(20), kUnit), pattern(kUnit, 1));
}

// Each of these would wait for the other if a write that lacks room held its units, or its copy, meanwhile.
TEST_F(SpaceTest, RequestsOfACopyThatIsGivenUpEndAndNobodyWaitsInACircle) {
  ASSERT_TRUE(set_area(4, SpacePolicy::drop_oldest).ok());
  const TakenSet oldest = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 4, 2).ok());
  const std::shared_ptr<Lun> copy = array().find_lun(oldest.copies[0]);
  const TakenSet newer = take_set(machine(), {id});
  Async origin = start_write(lun(id), unit_offset(8), pattern(kUnit, 3));
  Async overlapping_read = start_read(*copy, unit_offset(8), kUnit);
  Async second_origin = start_write(lun(id), unit_offset(8), pattern(kUnit, 4));
  Async to_copy = start_write(*copy, unit_offset(8), pattern(kUnit, 9));
  Async to_newer = start_write(lun(newer.copies[0]), unit_offset(9), pattern(kUnit, 9));
  EXPECT_TRUE(finish(origin).ok());
  EXPECT_TRUE(finish(second_origin).ok());
  for (const Async* request : {&overlapping_read, &to_copy, &to_newer}) (void)finish(*request);
  EXPECT_TRUE((*overlapping_read).status.ok() || (*overlapping_read).status.code() == Code::copy_gone);
  EXPECT_EQ(to_copy->status.code(), Code::copy_gone);
  EXPECT_TRUE(to_newer->status.ok());
  EXPECT_TRUE(has(newer));
  EXPECT_EQ(read(newer.copies[0], unit_offset(8), kUnit), pattern(kUnit, 1));
  EXPECT_LE(used_units(), 4u);
  expect_consistent();
}

TEST_F(SpaceTest, CopiesOfASetInProgressAreNotGivenUp) {
  ASSERT_TRUE(set_area(4, SpacePolicy::drop_oldest).ok());
  TakenSet armed = arm_copies(machine(), {id});
  Result<LeaseId> lease = hold_set(machine(), armed, {id});
  ASSERT_TRUE(machine().leases().release(lease.value(), 1).value().held_throughout);
  ASSERT_TRUE(write_units(0, 4, 2).ok());
  EXPECT_EQ(write_units(4, 1, 2).code(), Code::no_space);
  ASSERT_TRUE(machine().run(array().record_set(armed.set)).ok());
  EXPECT_EQ(write_units(4, 1, 2).code(), Code::no_space);
  ASSERT_TRUE(machine().run(array().finish_set(armed.set, "")).ok());
  EXPECT_TRUE(write_units(4, 1, 2).ok());
  EXPECT_FALSE(has(armed));
}

TEST_F(SpaceTest, EventsTellBeforeItIsFullWithTheTimeLeftAndThenWhatWasDone) {
  ASSERT_TRUE(set_area(100, SpacePolicy::drop_oldest).ok());
  const TakenSet first = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 79, 2).ok());
  EXPECT_TRUE(events().empty());
  ASSERT_TRUE(write_units(79, 1, 2).ok());
  std::vector<SpaceEvent> told = events();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].kind, SpaceEventKind::filling);
  EXPECT_EQ(told[0].lun, id);
  EXPECT_EQ(told[0].threshold_percent, 80u);
  EXPECT_EQ(told[0].used_bytes, 80u * kUnit);
  EXPECT_EQ(told[0].maximum_bytes, 100u * kUnit);
  EXPECT_EQ(told[0].bytes_per_second, 80u * kUnit) << "within the first second";
  EXPECT_EQ(told[0].left_millis, 250u);
  ASSERT_TRUE(write_units(80, 10, 2).ok());
  told = events(told.back().sequence);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].threshold_percent, 90u);
  const uint64_t before = told[0].sequence;

  Background<std::vector<SpaceEvent>> next(machine(), array().space_events().behind(5, before));
  Background<std::vector<SpaceEvent>> other(machine(), array().space_events().behind(6, before));
  settle();
  EXPECT_FALSE(next.is_done());
  array().space_events().end(6);
  EXPECT_TRUE(finish(other).empty());
  EXPECT_FALSE(next.is_done());
  const TakenSet second = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 20, 3).ok());
  ASSERT_EQ(finish(next).size(), 1u);
  EXPECT_EQ(next.result()[0].kind, SpaceEventKind::given_up);
  EXPECT_EQ(next.result()[0].copy.snapshot, first.snapshots[0]);
  EXPECT_EQ(next.result()[0].failure.code(), Code::copy_gone);

  ASSERT_TRUE(set_area(20, SpacePolicy::refuse).ok());
  const uint64_t last = events().back().sequence;
  EXPECT_FALSE(write_units(30, 1, 3).ok());
  EXPECT_FALSE(write_units(31, 1, 3).ok());
  told = events(last);
  ASSERT_EQ(told.size(), 1u) << "a refusal after the other is one event";
  EXPECT_EQ(told[0].kind, SpaceEventKind::full);
  EXPECT_EQ(told[0].failure.code(), Code::no_space);
  Background<std::vector<SpaceEvent>> at_close(machine(), array().space_events().behind(5, told[0].sequence));
  settle();
  ASSERT_TRUE(machine().close_array().ok());
  EXPECT_TRUE(finish(at_close).empty());
}

// Power is cut at every operation of a write that makes a copy go: afterwards the copy is there and whole, or it is
// gone and its set says so; the write that was flushed before is there, whatever came of the last one.
TEST_F(SpaceTest, APowerCutWhileACopyIsGivenUpLeavesItWholeOrGone) {
  int came_back = 0, gone = 0;
  for (uint64_t round = 2;; ++round) {
    const uint64_t operations = round / 2;
    machine_ = std::make_unique<Machine>(operations);
    ASSERT_TRUE(machine().create_array().ok());
    id = make_lun();
    ASSERT_TRUE(write_units(0, 16, 1).ok());
    ASSERT_TRUE(set_area(8, SpacePolicy::drop_oldest).ok());
    const TakenSet set = take_set(machine(), {id});
    ASSERT_TRUE(write_units(0, 8, 2).ok());
    ASSERT_TRUE(flush(id).ok());
    settle();
    machine().io().set_stop_after(machine().io().operations() + operations);
    LunAccess access(lun(id));
    const std::vector<uint8_t> bytes = pattern(4 * kUnit, 3);
    const std::optional<Status> written = machine().try_run(access.write(unit_offset(6), bytes));
    if (written.has_value()) {
      EXPECT_TRUE(written->ok()) << written->message();
    }
    machine().settle();
    const bool stopped = machine().io().stopped();
    ASSERT_TRUE(cut_power_and_open(round % 2 == 0 ? CrashPolicy::drop_all : CrashPolicy::keep_all, round).ok());
    EXPECT_EQ(read(id, 0, 6 * kUnit), pattern(6 * kUnit, 2));
    for (uint64_t unit = 6; unit < 10; ++unit) {
      const uint8_t found = read(id, unit_offset(unit), kUnit)[0];
      EXPECT_TRUE(found == 3 || found == (unit < 8 ? 2 : 1)) << "unit " << unit << " holds " << int{found};
    }
    if (has(set)) {
      ++came_back;
      EXPECT_EQ(read(set.copies[0], 0, 16 * kUnit), pattern(16 * kUnit, 1)) << "after operation " << operations;
    } else {
      ++gone;
      EXPECT_TRUE(array().list_sets().empty());
    }
    expect_consistent();
    if (HasFailure() || !stopped) break;
  }
  EXPECT_GT(came_back, 0);
  EXPECT_GT(gone, 0);
}

}  // namespace
}  // namespace holdfast
