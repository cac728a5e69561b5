// An array that was closed is opened without its map: leaves come when they are asked for, and whatever happens after
// that, nobody can tell.

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "array/version_map.h"
#include "array_fixture.h"

namespace holdfast {
namespace {

constexpr uint64_t kBigBytes = 8 << 20;
constexpr uint32_t kBigUnits = kBigBytes / kUnitBytes;

class CleanOpenTest : public ArrayTest {
 protected:
  void SetUp() override {
    ArrayTest::SetUp();
    original = make_lun(kBigBytes);
    ASSERT_TRUE(write(original, 0, pattern(kBigBytes, 1)).ok());
    sets.push_back(take_set(machine(), {original}));
    write_units(2, 1);
    sets.push_back(take_set(machine(), {original}));
    write_units(3, 2);
    ASSERT_TRUE(close_and_open().ok());
  }
  /// Every step-th unit gets the value, in no order that a map likes.
  void write_units(uint8_t value, uint32_t step) {
    for (uint32_t i = 0; i < kBigUnits; i += step) {
      const uint32_t unit = (i * 1001) % kBigUnits / step * step;
      ASSERT_TRUE(write(original, unit_offset(unit), pattern(kUnitBytes, value)).ok());
    }
  }
  VersionMap& map() { return lun(original).family().map(); }
  uint8_t value_at(const Guid& guid, uint32_t unit) { return read(guid, unit_offset(unit), kUnitBytes)[0]; }
  void expect_all(const std::string& when) {
    for (uint32_t unit = 0; unit < kBigUnits; ++unit) {
      const uint8_t now = unit % 2 == 0 ? 3 : 2;
      ASSERT_EQ(value_at(original, unit), now) << when << ", unit " << unit;
      ASSERT_EQ(value_at(sets[0].copies[0], unit), 1) << when << ", unit " << unit;
      ASSERT_EQ(value_at(sets[1].copies[0], unit), 2) << when << ", unit " << unit;
    }
    expect_consistent();
  }
  std::string file_named(const std::string& prefix) {
    std::vector<std::string> names;
    machine().disk()->list("/array", &names);
    std::string found;
    for (const std::string& name : names) {
      if (name.rfind(prefix, 0) == 0) found = name;
    }
    return found;
  }

  Guid original;
  std::vector<TakenSet> sets;
};

TEST_F(CleanOpenTest, OpeningReadsNoLeafAndARequestOnlyItsOwn) {
  ASSERT_GT(map().leaf_count(), 8u);
  EXPECT_EQ(map().stored_count(), map().leaf_count());
  EXPECT_EQ(value_at(original, 5), 2);
  EXPECT_LE(map().leaf_count() - map().stored_count(), 2u);
  expect_all("read");
  EXPECT_EQ(map().stored_count(), 0u);
}

TEST_F(CleanOpenTest, WritesGoOnWhereTheClosedArrayEnded) {
  const uint64_t places_before = lun(original).family().places().used_count();
  EXPECT_EQ(places_before, kBigUnits + kBigUnits / 2);
  for (const uint32_t unit : {7u, 900u, 2047u}) {
    ASSERT_TRUE(write(original, unit_offset(unit), pattern(kUnitBytes, 9)).ok());
    EXPECT_EQ(value_at(original, unit), 9);
    EXPECT_EQ(value_at(sets[1].copies[0], unit), 2);
    ASSERT_TRUE(write(original, unit_offset(unit), pattern(kUnitBytes, unit % 2 == 0 ? 3 : 2)).ok());
  }
  expect_all("after writes");
  // Unit 900 was redirected in this epoch already.
  EXPECT_EQ(lun(original).family().places().used_count(), places_before + 2);
}

TEST_F(CleanOpenTest, WhatWasFlushedAfterwardsSurvivesAPowerCut) {
  ASSERT_TRUE(write(original, unit_offset(7), pattern(kUnitBytes, 9)).ok());
  ASSERT_TRUE(flush(original).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(value_at(original, 7), 9);
  ASSERT_TRUE(write(original, unit_offset(7), pattern(kUnitBytes, 2)).ok());
  expect_all("after a cut");
}

TEST_F(CleanOpenTest, APowerCutBeforeTheFirstWriteLosesNothing) {
  ASSERT_TRUE(cut_power_and_open().ok());
  expect_all("after a cut");
}

TEST_F(CleanOpenTest, ClosedAgainUntouchedItKeepsItsFiles) {
  const std::string checkpoint = file_named("checkpoint.");
  EXPECT_EQ(value_at(original, 5), 2);
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(file_named("checkpoint."), checkpoint);
  EXPECT_EQ(map().stored_count(), map().leaf_count());
  expect_all("opened twice");
}

TEST_F(CleanOpenTest, ACheckpointInUseTakesInTheLeavesThatNobodyAskedFor) {
  ASSERT_TRUE(write(original, unit_offset(7), pattern(kUnitBytes, 2)).ok());
  ASSERT_TRUE(machine().run(array().checkpoint()).ok());
  ASSERT_TRUE(die_and_open().ok());
  expect_all("after a checkpoint");
}

TEST_F(CleanOpenTest, DeletedCopiesAreCollectedFromLeavesThatWereStored) {
  delete_set(sets[0]);
  delete_set(sets[1]);
  EXPECT_EQ(array().check().versions, kBigUnits);
  ASSERT_TRUE(flush(original).ok());
  settle();
  EXPECT_EQ(lun(original).family().places().pending_count(), 0u);
  for (uint32_t unit = 0; unit < kBigUnits; ++unit) ASSERT_EQ(value_at(original, unit), unit % 2 == 0 ? 3 : 2);
  expect_consistent();
}

TEST_F(CleanOpenTest, BlocksThatDifferAreFoundInStoredLeaves) {
  const WalkId walk = array().begin_walk(1, sets[1].copies[0], original).take();
  uint64_t bytes = 0;
  for (;;) {
    Result<std::vector<Extent>> extents = machine().run(array().continue_walk(1, walk, 100));
    ASSERT_TRUE(extents.ok()) << extents.status().message();
    if (extents.value().empty()) break;
    for (const Extent& extent : extents.value()) {
      bytes += extent.length_bytes;
      EXPECT_EQ(extent.offset_bytes / kUnitBytes % 2, 0u);
    }
  }
  EXPECT_EQ(bytes, kBigBytes / 2);
}

TEST_F(CleanOpenTest, ALeafThatCannotBeReadFailsTheRequestsThatNeedItAndNoOther) {
  fail(SimulatedOp::read, "*/checkpoint.*", EIO, 1, 1);
  const Async failed = start_read(lun(original), 0, kUnitBytes);
  EXPECT_EQ(finish(failed).code(), Code::io);
  EXPECT_EQ(value_at(original, 0), 3);
  fail(SimulatedOp::read, "*/checkpoint.*", EIO, 1, 1);
  EXPECT_EQ(write(original, unit_offset(1500), pattern(kUnitBytes, 2)).code(), Code::io);
  EXPECT_TRUE(write(original, unit_offset(1501), pattern(kUnitBytes, 2)).ok());
  expect_all("after two failures");
}

TEST_F(CleanOpenTest, RequestsThatWaitForOneLeafAllGetIt) {
  delay(SimulatedOp::read, "*/checkpoint.*", kMillisecond);
  std::vector<Async> reads;
  for (uint32_t unit = 0; unit < 40; ++unit) reads.push_back(start_read(lun(original), unit_offset(unit), kUnitBytes));
  const Async whole = start_read(lun(original), 0, kBigBytes);
  for (uint32_t unit = 0; unit < 40; ++unit) {
    ASSERT_TRUE(finish(reads[unit]).ok());
    EXPECT_EQ(reads[unit]->bytes[0], unit % 2 == 0 ? 3 : 2);
  }
  ASSERT_TRUE(finish(whole).ok());
  EXPECT_EQ(map().stored_count(), 0u);
  EXPECT_EQ(whole->bytes[kBigBytes - 1], 2);
}

// Random lives: changes, closings, cuts, and a model of what every LUN holds.
TEST(CleanOpen, RandomLivesWithManyOpeningsAgreeWithAModel) {
  constexpr uint32_t kUnits = 2000;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    std::mt19937_64 random(seed);
    auto machine = std::make_unique<Machine>(seed);
    ASSERT_TRUE(machine->create_array().ok());
    const Guid original = machine->run(machine->array->create_lun(unit_offset(kUnits))).take();
    std::map<Guid, std::vector<uint8_t>> model = {{original, std::vector<uint8_t>(kUnits)}};
    std::map<Guid, Guid> snapshots;
    for (int step = 0; step < 40; ++step) {
      for (uint32_t i = 0; i < 300; ++i) {
        const auto unit = static_cast<uint32_t>(random() % kUnits);
        const auto value = static_cast<uint8_t>(random());
        auto lun = std::next(model.begin(), static_cast<ptrdiff_t>(random() % 4 == 0 ? random() % model.size() : 0));
        if (random() % 4 != 0) lun = model.find(original);
        ASSERT_TRUE(
            write_bytes(*machine, *machine->array->find_lun(lun->first), unit_offset(unit), pattern(kUnitBytes, value))
                .ok());
        lun->second[unit] = value;
      }
      if (model.size() < 6 && random() % 2 == 0) {
        const TakenSet set = take_set(*machine, {original});
        ASSERT_TRUE(set.status.ok());
        model[set.copies[0]] = model[original];
        snapshots[set.copies[0]] = set.snapshots[0];
      } else if (!snapshots.empty() && random() % 2 == 0) {
        auto gone = std::next(snapshots.begin(), static_cast<ptrdiff_t>(random() % snapshots.size()));
        ASSERT_TRUE(machine->run(machine->array->delete_copies({gone->second})).ok());
        model.erase(gone->first);
        snapshots.erase(gone);
      }
      if (random() % 3 == 0) {
        ASSERT_TRUE(machine->close_array().ok());
        ASSERT_TRUE(machine->open_array().ok());
      } else if (random() % 4 == 0) {
        Async flushed = start_flush(*machine->array->find_lun(original));
        while (!flushed->is_done) machine->loop().turn(kNever);
        machine->switch_off();
        machine->disk()->power_cut(seed, CrashPolicy::drop_all);
        machine = std::make_unique<Machine>(machine->disk(), seed + 100);
        ASSERT_TRUE(machine->open_array().ok());
      }
      const auto& [guid, values] = *std::next(model.begin(), static_cast<ptrdiff_t>(random() % model.size()));
      const std::vector<uint8_t> bytes = read_bytes(*machine, *machine->array->find_lun(guid), 0, unit_offset(kUnits));
      for (uint32_t unit = 0; unit < kUnits; ++unit) {
        ASSERT_EQ(bytes[unit_offset(unit)], values[unit]) << "seed " << seed << ", step " << step << ", unit " << unit;
      }
    }
    const Result<CheckReport> report = machine->run(machine->array->check_all());
    ASSERT_TRUE(report.ok());
    EXPECT_TRUE(report.value().faults.empty()) << report.value().faults.front();
  }
}

}  // namespace
}  // namespace holdfast
