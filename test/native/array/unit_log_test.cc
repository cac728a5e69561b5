// The compressed list of units of a stamp: everything added is in a block, sorted, and comes back from a checkpoint.

#include "array/unit_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace holdfast {
namespace {

constexpr uint64_t kEnd = uint64_t{1} << 31;

std::vector<UnitIndex> all_of(const UnitLog& log) {
  std::vector<UnitIndex> units;
  for (size_t i = 0; i < log.block_count(); ++i) {
    const std::vector<UnitIndex> block = log.block(i);
    EXPECT_TRUE(std::is_sorted(block.begin(), block.end()));
    units.insert(units.end(), block.begin(), block.end());
  }
  std::sort(units.begin(), units.end());
  return units;
}

std::vector<UnitIndex> random_units(size_t count, uint64_t end, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<UnitIndex> units;
  for (size_t i = 0; i < count; ++i) units.push_back(static_cast<UnitIndex>(random() % end));
  return units;
}

TEST(UnitLog, HasEverythingThatWasAddedOnceItIsSealed) {
  for (const size_t count : {0, 1, 1023, 1024, 1025, 5000}) {
    std::vector<UnitIndex> units = random_units(count, kEnd, count);
    UnitLog log;
    for (const UnitIndex unit : units) log.add(unit);
    EXPECT_EQ(log.empty(), count == 0);
    log.seal();
    log.seal();
    EXPECT_EQ(log.block_count(), (count + UnitLog::kUnitsPerBlock - 1) / UnitLog::kUnitsPerBlock);
    std::sort(units.begin(), units.end());
    EXPECT_EQ(all_of(log), units);
  }
}

TEST(UnitLog, ABlockStaysWhatItIsWhileTheListGrows) {
  UnitLog log;
  log.add(9);
  log.add(3);
  log.seal();
  for (UnitIndex unit = 100; unit < 3000; ++unit) log.add(unit);
  EXPECT_EQ(log.block(0), (std::vector<UnitIndex>{3, 9}));
}

TEST(UnitLog, TakesTwoBytesForUnitsOfAFewGibibytesAndAtMostFourAnywhere) {
  for (const auto& [end, bytes_most] : {std::pair<uint64_t, double>{uint64_t{1} << 20, 2.1}, {kEnd, 4.0}}) {
    UnitLog log;
    for (const UnitIndex unit : random_units(1 << 20, end, 1)) log.add(unit);
    EXPECT_LT(static_cast<double>(log.memory_bytes()) / (1 << 20), bytes_most);
  }
}

TEST(UnitLog, ComesBackFromACheckpointWithWhatWasNotSealed) {
  UnitLog log;
  for (const UnitIndex unit : random_units(2500, kEnd, 5)) log.add(unit);
  std::vector<uint8_t> bytes;
  log.encode(bytes);
  UnitLog restored;
  ASSERT_TRUE(restored.decode(bytes, kEnd));
  log.seal();
  EXPECT_EQ(all_of(restored), all_of(log));
}

TEST(UnitLog, RefusesBytesThatAreNoListAndUnitsBehindTheEnd) {
  UnitLog log;
  for (const UnitIndex unit : random_units(1500, 1 << 16, 5)) log.add(unit);
  log.add((1 << 16) - 1);
  std::vector<uint8_t> bytes;
  log.encode(bytes);
  EXPECT_FALSE(UnitLog().decode(bytes, (1 << 16) - 1));
  for (size_t length = 0; length < bytes.size(); length += 7) {
    EXPECT_FALSE(UnitLog().decode(std::span(bytes.data(), length), 1 << 16)) << length;
  }
  std::vector<uint8_t> longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(UnitLog().decode(longer, 1 << 16));
  const std::vector<uint8_t> endless = {1, 0, 0, 0, 1, 0, 6, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01};
  EXPECT_FALSE(UnitLog().decode(endless, kEnd));
}

}  // namespace
}  // namespace holdfast
