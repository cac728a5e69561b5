// A file system without space, and an area that fails: what the policies make of a write that finds no room there.

#include "space_fixture.h"

namespace holdfast {
namespace {

TEST_F(SpaceTest, AFullFileSystemCostsTheOldestCopiesAndNoWriteOfTheOrigin) {
  id = make_lun(16 << 20);
  const Guid other = make_lun();
  ASSERT_TRUE(write(id, 0, pattern(16 << 20, 1)).ok());
  ASSERT_TRUE(write(other, 0, pattern(kLunBytes, 7)).ok());
  const TakenSet of_other = take_set(machine(), {other});
  ASSERT_TRUE(write(other, 0, pattern(65536, 8)).ok());
  ASSERT_TRUE(flush(other).ok());
  std::vector<TakenSet> sets;
  for (uint8_t i = 0; i < 4; ++i) {
    sets.push_back(take_set(machine(), {id}));
    ASSERT_TRUE(write_units(512 * i, 512, static_cast<uint8_t>(2 + i)).ok());
  }
  ASSERT_TRUE(flush(id).ok());
  settle();
  machine().disk()->set_capacity_bytes(machine().disk()->used_bytes() + (1 << 20));
  const TakenSet last = take_set(machine(), {id});
  uint32_t written_to = 0;
  uint32_t more = 64;
  for (; more > 0; written_to += 8) {
    ASSERT_LT(written_to, 4096u) << "the disk is large enough for all of it";
    Status written = write_units(written_to, 8, 9);
    ASSERT_TRUE(written.ok()) << "unit " << written_to << ": " << written.message();
    if (!array().lost_copies().empty()) --more;
  }
  ASSERT_TRUE(flush(id).ok());
  EXPECT_FALSE(has(sets[0]));
  EXPECT_TRUE(has(last)) << "no more went than had to";
  EXPECT_EQ(array().lost_copies()[0].ids.copy, sets[0].copies[0]);
  EXPECT_EQ(array().lost_copies()[0].ids.reason, GiveUpReason::disk_full);
  EXPECT_EQ(array().lost_copies()[0].failure.error_number(), ENOSPC);
  EXPECT_TRUE(has(of_other));
  for (int opening = 0; opening < 2; ++opening) {
    EXPECT_EQ(read(id, 0, written_to * kUnit), pattern(written_to * kUnit, 9));
    EXPECT_EQ(read(last.copies[0], 0, 2 << 20), pattern(2 << 20, 2));
    EXPECT_EQ(read(last.copies[0], 8 << 20, 8 << 20), pattern(8 << 20, 1));
    EXPECT_EQ(read(of_other.copies[0], 0, 65536), pattern(65536, 7));
    ASSERT_TRUE(cut_power_and_open().ok());
  }
}

TEST_F(SpaceTest, OnAFullFileSystemWritesAreRefusedOrWaitWithTheOtherPolicies) {
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(flush(id).ok());
  settle();
  fail(SimulatedOp::write, "*/area/*", ENOSPC, 1, Fault::kForever);
  ASSERT_TRUE(set_area(kNoMaximum, SpacePolicy::refuse).ok());
  Status refused = write_units(0, 1, 2);
  EXPECT_EQ(refused.code(), Code::no_space);
  EXPECT_EQ(refused.error_number(), ENOSPC);
  ASSERT_TRUE(set_area(kNoMaximum, SpacePolicy::stall, 500).ok());
  EXPECT_EQ(write_units(0, 1, 2).code(), Code::no_space);
  Async waiting = start_write(lun(id), 0, pattern(kUnit, 3));
  settle();
  EXPECT_FALSE(waiting->is_done);
  machine().io().clear_faults();
  EXPECT_TRUE(finish(waiting).ok()) << "there is space again";
  EXPECT_TRUE(has(set));
  EXPECT_EQ(read(set.copies[0], 0, kUnit), pattern(kUnit, 1));
  EXPECT_EQ(read(id, 0, kUnit), pattern(kUnit, 3));
}

TEST_F(SpaceTest, AWriteThatMeetsABadPlaceGoesToAnother) {
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 1, 2).ok());
  settle();
  const size_t bad = fail(SimulatedOp::write, "*/area/*", EIO);
  EXPECT_TRUE(write_units(1, 1, 3).ok());
  EXPECT_EQ(machine().io().fault_hits(bad), 1u);
  EXPECT_TRUE(has(set));
  EXPECT_EQ(read(id, unit_offset(1), kUnit), pattern(kUnit, 3));
  EXPECT_EQ(read(set.copies[0], unit_offset(1), kUnit), pattern(kUnit, 1));
}

TEST_F(SpaceTest, WhereTheAreaFailsTheCopiesThatSeeWhatIsOverwrittenAreGivenUpAndNoOthers) {
  const TakenSet early = take_set(machine(), {id});
  ASSERT_TRUE(write_units(0, 2, 2).ok());
  ASSERT_TRUE(flush(id).ok());
  const TakenSet late = take_set(machine(), {id});
  settle();
  fail(SimulatedOp::write, "*/area/*", EIO, 1, Fault::kForever);
  // Both see unit 8 at home; only the later one sees what unit 0 has in the area.
  ASSERT_TRUE(set_area(kNoMaximum, SpacePolicy::refuse).ok());
  EXPECT_EQ(write_units(8, 1, 3).code(), Code::io);
  EXPECT_TRUE(has(early) && has(late));
  ASSERT_TRUE(set_area(kNoMaximum, SpacePolicy::drop_oldest).ok());
  EXPECT_EQ(write_units(0, 1, 3).code(), Code::io) << "what lies in the area cannot be overwritten there either";
  EXPECT_TRUE(has(early));
  EXPECT_FALSE(has(late));
  EXPECT_TRUE(write_units(8, 1, 3).ok()) << "but at home";
  EXPECT_FALSE(has(early));
  ASSERT_EQ(array().lost_copies().size(), 2u);
  EXPECT_EQ(array().lost_copies()[1].ids.copy, early.copies[0]);
  EXPECT_EQ(array().lost_copies()[1].ids.reason, GiveUpReason::area_failed);
  EXPECT_EQ(array().lost_copies()[1].failure.code(), Code::copy_gone);
  EXPECT_EQ(array().lost_copies()[1].failure.error_number(), EIO);
  machine().io().clear_faults();
  ASSERT_TRUE(flush(id).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(read(id, unit_offset(8), kUnit), pattern(kUnit, 3));
  EXPECT_EQ(read(id, unit_offset(1), kUnit), pattern(kUnit, 2));
}
TEST_F(SpaceTest, WithoutAMaximumEventsTellBeforeTheFileSystemIsFull) {
  id = make_lun(32 << 20);
  ASSERT_TRUE(write(id, 0, pattern(32 << 20, 1)).ok());
  ASSERT_TRUE(take_set(machine(), {id}).status.ok());
  ASSERT_TRUE(flush(id).ok());
  settle();
  machine().disk()->set_capacity_bytes(machine().disk()->used_bytes() + (24 << 20));
  std::vector<SpaceEvent> told;
  uint64_t unit = 0;
  for (; unit < 8192 && (told.empty() || told.back().kind == SpaceEventKind::filling); unit += 64) {
    ASSERT_TRUE(write_units(unit, 64, 2).ok());
    told = events();
  }
  ASSERT_GE(told.size(), 3u);
  EXPECT_EQ(told[0].threshold_percent, 80u);
  EXPECT_EQ(told[0].maximum_bytes, kNoMaximum);
  EXPECT_GT(told[0].bytes_per_second, 0u);
  EXPECT_LT(told[0].left_millis, told[0].used_bytes * 1000 / told[0].bytes_per_second / 3)
      << "less than a quarter is left";
  EXPECT_EQ(told[1].threshold_percent, 90u);
  EXPECT_EQ(told.back().kind, SpaceEventKind::given_up);
  EXPECT_EQ(told.back().copy.reason, GiveUpReason::disk_full);
}

}  // namespace
}  // namespace holdfast
