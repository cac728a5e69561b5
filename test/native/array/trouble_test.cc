// A full disk and failing files: a typed error, and nothing that was acknowledged is lost.

#include <cerrno>

#include "array_fixture.h"

namespace holdfast {
namespace {

class TroubleTest : public ArrayTest {
 protected:
  void SetUp() override {
    ArrayTest::SetUp();
    id = make_lun();
  }
  Guid id;
};

TEST_F(TroubleTest, AFlushThatFindsNoSpaceForTheJournalFailsAndTheNextOneSucceedsWhenThereIs) {
  ASSERT_TRUE(write(id, 0, pattern(65536, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(4096, 2)).ok());
  ASSERT_TRUE(flush(id).ok());
  for (int round = 0; round < 3; ++round) {
    fail(SimulatedOp::write, "*/journal.*", ENOSPC, 1, 2);
    ASSERT_TRUE(write(id, 4096, pattern(4096, static_cast<uint8_t>(3 + round))).ok());
    Status full = flush(id);
    EXPECT_EQ(full.code(), Code::no_space) << full.message();
    EXPECT_EQ(full.error_number(), ENOSPC);
    EXPECT_EQ(read(id, 4096, 4096), pattern(4096, static_cast<uint8_t>(3 + round)));
    machine().io().clear_faults();
    ASSERT_TRUE(flush(id).ok());
  }
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 2));
  EXPECT_EQ(read(id, 4096, 4096), pattern(4096, 5));
  EXPECT_EQ(read(set.copies[0], 0, 65536), pattern(65536, 1));
}

// A rewrite that fails leaves data that no record describes. Behind them a crash falls back to the version before, so
// its place may go to nobody else until a crash does not look at checksums any more.
TEST_F(TroubleTest, AfterARewriteThatFailedNobodyElsesDataAreFound) {
  DiffAreaSetting setting;
  setting.policy = SpacePolicy::refuse;
  ASSERT_TRUE(machine().run(array().set_diff_area(id, setting)).ok());
  ASSERT_TRUE(write(id, 0, pattern(65536, 1)).ok());
  ASSERT_TRUE(take_set(machine(), {id}).status.ok());
  ASSERT_TRUE(write(id, 0, pattern(4096, 2)).ok());
  ASSERT_TRUE(flush(id).ok());
  ASSERT_TRUE(write(id, 0, pattern(4096, 3)).ok()) << "to another place";
  ASSERT_TRUE(write(id, 28672, pattern(4096, 3)).ok()) << "to the place behind it";
  fail(SimulatedOp::write, "*/area/*", EIO, 2, 1);
  ASSERT_EQ(write(id, 0, pattern(8192, 4)).code(), Code::io) << "the first unit is done, the second is not";
  machine().io().clear_faults();
  ASSERT_TRUE(flush(id).ok());
  machine().settle();
  for (uint64_t unit = 8; unit < 12; ++unit) ASSERT_TRUE(write(id, unit_offset(unit), pattern(4096, 5)).ok());
  ASSERT_TRUE(cut_power_and_open(CrashPolicy::keep_all).ok());
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 4));
  EXPECT_EQ(read(id, 28672, 4096), pattern(4096, 3));
}

// The disk as a whole is full: writes that need room fail, each for itself, and what was acknowledged stays.
TEST_F(TroubleTest, OnAFullDiskEveryWriteIsDoneOrRefusedAndNothingAcknowledgedIsLost) {
  id = make_lun(16 << 20);
  ASSERT_TRUE(write(id, 0, pattern(16 << 20, 1)).ok());
  DiffAreaSetting setting;
  setting.policy = SpacePolicy::refuse;
  ASSERT_TRUE(machine().run(array().set_diff_area(id, setting)).ok());
  ASSERT_TRUE(take_set(machine(), {id}).status.ok());
  ASSERT_TRUE(flush(id).ok());
  machine().disk()->set_capacity_bytes(machine().disk()->used_bytes() + (2 << 20));
  std::vector<uint8_t> expected(4096, 1);
  int refused = 0, flushes_refused = 0;
  for (uint32_t unit = 0; unit < 4096; unit += 8) {
    Status written = write(id, unit_offset(unit), pattern(32768, 2));
    std::fill_n(expected.begin() + unit, 8, written.ok() ? uint8_t{2} : uint8_t{1});
    if (!written.ok()) {
      ++refused;
      ASSERT_EQ(written.code(), Code::no_space) << written.message();
      ASSERT_EQ(written.offset_bytes(), unit_offset(unit));
    }
    if (unit % 256 != 0) continue;
    Status flushed = flush(id);
    if (flushed.ok()) continue;
    ++flushes_refused;
    ASSERT_EQ(flushed.code(), Code::no_space) << flushed.message();
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(arm_copies(machine(), {id}).status.ok(), flush(id).ok());
  machine().disk()->set_capacity_bytes(~uint64_t{0});
  ASSERT_TRUE(flush(id).ok());
  ASSERT_TRUE(write(id, 0, pattern(4096, 3)).ok()) << "there is space again";
  ASSERT_TRUE(flush(id).ok());
  expected[0] = 3;
  for (int opening = 0; opening < 2; ++opening) {
    const std::vector<uint8_t> bytes = read(id, 0, 16 << 20);
    for (uint32_t unit = 0; unit < 4096; ++unit) {
      ASSERT_EQ(bytes[unit_offset(unit)], expected[unit]) << "unit " << unit;
      ASSERT_EQ(bytes[unit_offset(unit) + 4095], expected[unit]) << "unit " << unit;
    }
    ASSERT_TRUE(cut_power_and_open().ok());
  }
}

TEST_F(TroubleTest, AFailedWriteFailsThatRequestAlone) {
  ASSERT_TRUE(write(id, 0, pattern(16384, 1)).ok());
  fail(SimulatedOp::write, "*/base/*", EIO);
  Status failed = write(id, 8192, pattern(4096, 2));
  EXPECT_EQ(failed.code(), Code::io);
  EXPECT_EQ(failed.error_number(), EIO);
  EXPECT_EQ(failed.offset_bytes(), 8192u);
  EXPECT_TRUE(write(id, 8192, pattern(4096, 3)).ok());
  DiffAreaSetting setting;
  setting.policy = SpacePolicy::refuse;
  ASSERT_TRUE(machine().run(array().set_diff_area(id, setting)).ok());
  const TakenSet set = take_set(machine(), {id});
  fail(SimulatedOp::write, "*/area/*", EIO);
  delay(SimulatedOp::write, "*/area/*", kMillisecond, 1);
  EXPECT_EQ(write(id, 0, pattern(4096, 4)).code(), Code::io);
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 1)) << "a redirected write that failed has changed nothing";
  EXPECT_TRUE(write(id, 0, pattern(4096, 5)).ok());
  fail(SimulatedOp::read, "*/area/*", EIO);
  Async reading = start_read(lun(id), 0, 4096);
  EXPECT_EQ(finish(reading).code(), Code::io);
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 5));
  EXPECT_TRUE(flush(id).ok());
  EXPECT_EQ(read(set.copies[0], 8192, 4096), pattern(4096, 3));
}

TEST_F(TroubleTest, AFailedSyncMakesTheLunsOfTheFamilyReadOnlyUntilTheyAreOpenedAgain) {
  const Guid other = make_lun();
  for (const bool in_area : {false, true}) {
    ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
    const TakenSet set = take_set(machine(), {id});
    ASSERT_TRUE(set.status.ok()) << set.status.message();
    ASSERT_TRUE(write(id, 0, pattern(4096, 2)).ok());
    ASSERT_TRUE(flush(id).ok());
    delete_set(set);
    ASSERT_TRUE(flush(id).ok());
    const TakenSet next = take_set(machine(), {in_area ? id : other});
    ASSERT_TRUE(next.status.ok()) << next.status.message();
    ASSERT_TRUE(write(id, 131072, pattern(4096, 4)).ok());
    fail(SimulatedOp::sync, in_area ? "*/area/*" : "*/base/*", EIO, 1, Fault::kForever);
    Status failed = flush(id);
    EXPECT_EQ(failed.code(), Code::io);
    EXPECT_EQ(failed.error_number(), EIO);
    machine().io().clear_faults();
    EXPECT_FALSE(flush(id).ok()) << "a second sync would not tell what the first has lost";
    const Async refused = start_write(lun(id), 0, pattern(4096, 5));
    EXPECT_EQ(refused->status.code(), Code::lun_read_only);
    EXPECT_EQ(refused->status.error_number(), EIO);
    if (in_area) {
      EXPECT_EQ(start_write(lun(next.copies[0]), 0, pattern(512, 5))->status.code(), Code::lun_read_only);
    }
    EXPECT_FALSE(arm_copies(machine(), {id}).status.ok());
    EXPECT_EQ(read(id, 0, 4096), pattern(4096, 2));
    EXPECT_TRUE(write(other, 0, pattern(4096, 6)).ok()) << "other families go on";
    EXPECT_TRUE(flush(other).ok());
    EXPECT_FALSE(machine().close_array().ok());
    ASSERT_TRUE(machine().open_array().ok());
    ASSERT_TRUE(write(id, 0, pattern(4096, 7)).ok());
    ASSERT_TRUE(flush(id).ok());
    EXPECT_EQ(read(next.copies[0], 0, 4096), pattern(4096, in_area ? 2 : 0));
  }
}

TEST_F(TroubleTest, AJournalThatFailsMakesTheArrayReadOnlyUntilItIsOpenedAgain) {
  for (const SimulatedOp op : {SimulatedOp::write, SimulatedOp::sync}) {
    const TakenSet set = take_set(machine(), {id});
    ASSERT_TRUE(set.status.ok());
    ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
    ASSERT_TRUE(flush(id).ok());
    ASSERT_TRUE(write(id, 4096, pattern(4096, 2)).ok());
    fail(op, "*/journal.*", EIO, 1, Fault::kForever);
    EXPECT_EQ(flush(id).code(), Code::io);
    machine().io().clear_faults();
    EXPECT_EQ(machine().run(array().create_lun(4096)).status().code(), Code::array_read_only);
    EXPECT_EQ(arm_copies(machine(), {id}).status.code(), Code::array_read_only);
    EXPECT_EQ(machine().run(array().delete_copies(set.snapshots)).code(), Code::array_read_only);
    EXPECT_EQ(read(id, 0, 4096), pattern(4096, 1));
    EXPECT_FALSE(machine().close_array().ok());
    ASSERT_TRUE(machine().open_array().ok());
    EXPECT_EQ(read(id, 0, 4096), pattern(4096, 1));
    EXPECT_NE(array().find_lun(set.copies[0]), nullptr);
  }
}

TEST_F(TroubleTest, AReadOnlyDirectoryIsATypedErrorAndNothingIsLost) {
  ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
  ASSERT_TRUE(take_set(machine(), {id}).status.ok());
  // Opening writes a checkpoint: the array was not closed.
  die();
  for (const SimulatedOp op : {SimulatedOp::open, SimulatedOp::rename, SimulatedOp::sync_directory}) {
    for (const int error_number : {EROFS, EACCES}) {
      fail(op, "/array/*", error_number, 1, Fault::kForever);
      if (op == SimulatedOp::sync_directory) fail(op, "/array", error_number, 1, Fault::kForever);
      Status refused = machine().open_array();
      EXPECT_EQ(refused.code(), Code::array_read_only) << static_cast<int>(op) << ": " << refused.message();
      EXPECT_EQ(refused.error_number(), error_number);
      machine().io().clear_faults();
    }
  }
  fail(SimulatedOp::make_directory, "*", EROFS, 1, Fault::kForever);
  EXPECT_EQ(machine()
                .run(StorageArray::create(machine().loop(), machine().leases(), "/new", IoMode::automatic))
                .status()
                .code(),
            Code::array_read_only);
  machine().io().clear_faults();
  ASSERT_TRUE(machine().open_array().ok());
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 1));
}

TEST_F(TroubleTest, ALunThatCouldNotBeMadeLeavesNothing) {
  struct Trouble {
    SimulatedOp op;
    const char* path;
    uint64_t nth;
  };
  for (const Trouble& trouble :
       {Trouble{SimulatedOp::open, "*/base/*", 1}, Trouble{SimulatedOp::truncate, "*/base/*", 1},
        Trouble{SimulatedOp::open, "*/area/*", 1}, Trouble{SimulatedOp::sync_directory, "*/base", 1},
        Trouble{SimulatedOp::sync_directory, "*/area", 1}, Trouble{SimulatedOp::sync, "*/base/*", 1},
        Trouble{SimulatedOp::write, "*/journal.*", 1}}) {
    fail(trouble.op, trouble.path, ENOSPC, trouble.nth, 1);
    Result<Guid> made = machine().run(array().create_lun(65536));
    EXPECT_EQ(made.status().code(), Code::no_space) << trouble.path;
    machine().io().clear_faults();
    EXPECT_EQ(array().list_luns().size(), 1u) << trouble.path;
    std::vector<std::string> names;
    ASSERT_EQ(machine().disk()->list("/array/base", &names), 0);
    // The base of a LUN whose records may still reach the disk has to be found by whoever finds them.
    EXPECT_EQ(names.size(), trouble.op == SimulatedOp::write ? 2u : 1u) << trouble.path;
  }
  ASSERT_TRUE(flush(id).ok());
  ASSERT_TRUE(machine().run(array().create_lun(65536)).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(array().list_luns().size(), 2u);
}

}  // namespace
}  // namespace holdfast
