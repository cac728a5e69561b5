// Many copies and deep ones against a model: as many as a LUN can have, deleted in any order, and copies of copies of
// copies, written to at every level.

#include <algorithm>
#include <numeric>
#include <random>

#include "array_fixture.h"

namespace holdfast {
namespace {

constexpr uint64_t kUnits = 48;
constexpr uint64_t kBytes = kUnits * kUnitBytes;

/// A LUN, and the value that fills each of its units.
struct Known {
  Guid guid;
  Guid snapshot;  // null: no copy
  std::vector<uint8_t> values = std::vector<uint8_t>(kUnits);
};

class CopyCrowdTest : public ArrayTest {
 protected:
  void write_some(Known& known, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      const uint64_t unit = random() % kUnits;
      const auto value = static_cast<uint8_t>(1 + random() % 255);
      ASSERT_TRUE(write(known.guid, unit_offset(unit), pattern(kUnitBytes, value)).ok());
      known.values[unit] = value;
    }
  }
  Known take_copy(const Known& of) {
    const TakenSet set = take_set(machine(), {of.guid});
    EXPECT_TRUE(set.status.ok()) << set.status.message();
    return Known{set.copies[0], set.snapshots[0], of.values};
  }
  void remove(const Known& known) {
    ASSERT_TRUE(machine().run(array().delete_copies({known.snapshot})).ok());
    settle();
    EXPECT_EQ(array().find_lun(known.guid), nullptr);
  }
  void expect_whole(const Known& known, const std::string& when) {
    const std::vector<uint8_t> bytes = read(known.guid, 0, kBytes);
    for (uint64_t unit = 0; unit < kUnits; ++unit) {
      const auto from = bytes.begin() + static_cast<ptrdiff_t>(unit_offset(unit));
      const bool is_right = std::all_of(from, from + kUnitBytes, [&](uint8_t b) { return b == known.values[unit]; });
      ASSERT_TRUE(is_right) << when << ": unit " << unit << " of " << known.guid.to_string();
    }
  }
  void reopen(int how, const Known& any) {
    if (how % 3 == 0) {
      ASSERT_TRUE(close_and_open().ok());
      return;
    }
    ASSERT_TRUE(flush(any.guid).ok()) << "all of them are of one family";
    if (how % 3 == 1) {
      ASSERT_TRUE(die_and_open().ok());
    } else {
      ASSERT_TRUE(cut_power_and_open(CrashPolicy::random_sectors, random()).ok());
    }
  }
  std::mt19937 random{20240517};
};

TEST_F(CopyCrowdTest, FiveHundredAndTwelveCopiesOfALunAreDeletedInAnyOrderAndTheOthersKeepTheirBytes) {
  Known original;
  original.guid = make_lun(kBytes);
  std::vector<Known> copies;
  for (int i = 0; i < 512; ++i) {
    write_some(original, 1 + random() % 4);
    copies.push_back(take_copy(original));
    // A few are written to themselves, as a recovery does.
    if (i % 7 == 0) write_some(copies.back(), 2);
  }
  expect_whole(original, "before the first deletion");
  for (const Known& copy : copies) expect_whole(copy, "before the first deletion");
  std::shuffle(copies.begin(), copies.end(), random);
  while (!copies.empty()) {
    remove(copies.back());
    copies.pop_back();
    const std::string when = "with " + std::to_string(copies.size()) + " copies left";
    if (copies.size() % 5 == 0) write_some(original, 3);
    expect_whole(original, when);
    for (int i = 0; i < 3 && !copies.empty(); ++i) expect_whole(copies[random() % copies.size()], when);
    if (copies.size() % 128 != 64) continue;
    reopen(static_cast<int>(copies.size() / 128), original);
    for (const Known& copy : copies) expect_whole(copy, when + ", opened again");
  }
  ASSERT_TRUE(flush(original.guid).ok());
  settle();
  EXPECT_LE(array().describe_lun(original.guid)->area_bytes, kBytes) << "only what the LUN itself holds";
  EXPECT_EQ(lun(original.guid).copy_count(), 0u);
  expect_consistent();
}

TEST_F(CopyCrowdTest, CopiesOfCopiesToADepthOf16AreWrittenToAtEveryLevelAndDeletedInAnyOrder) {
  for (int round = 0; round < 12; ++round) {
    std::vector<Known> levels(1);
    levels[0].guid = make_lun(kBytes);
    const auto write_anywhere = [&] {
      for (Known& level : levels) write_some(level, random() % 4);
    };
    const auto expect_all = [&](const std::string& when) {
      for (const Known& level : levels) expect_whole(level, when);
    };
    for (int depth = 1; depth <= 16; ++depth) {
      write_anywhere();
      levels.push_back(take_copy(levels.back()));
      if (depth == 9) reopen(round, levels.back());
    }
    write_anywhere();
    expect_all("at full depth");
    ASSERT_EQ(levels.size(), 17u);
    // The copies in any order, those of others before or after what they were taken of.
    while (levels.size() > 1) {
      const size_t index = 1 + random() % (levels.size() - 1);
      remove(levels[index]);
      levels.erase(levels.begin() + static_cast<ptrdiff_t>(index));
      write_anywhere();
      const std::string when = "round " + std::to_string(round) + ", " + std::to_string(levels.size()) + " levels left";
      expect_all(when);
      if (levels.size() == 8) {
        reopen(round + 1, levels[0]);
        expect_all(when + ", opened again");
      }
    }
    ASSERT_TRUE(machine().run(array().delete_lun(levels[0].guid)).ok());
  }
  EXPECT_TRUE(array().list_luns().empty());
  expect_consistent();
}

}  // namespace
}  // namespace holdfast
