// The map of redirected units against std::map, through splits, merges and shared leaves.

#include "array/version_map.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace holdfast {
namespace {

using Key = std::pair<UnitIndex, StampId>;
using Model = std::map<Key, Place>;

Model contents(const VersionMap& map) {
  Model found;
  Key last{0, 0};
  bool ordered = true;
  map.for_all([&](const VersionMap::Entry& entry) {
    const Key key{entry.unit, entry.stamp};
    ordered = ordered && (found.empty() || last < key);
    last = key;
    found[key] = entry.place;
  });
  EXPECT_TRUE(ordered);
  return found;
}

Model contents(const std::vector<VersionMap::LeafRef>& leaves) {
  VersionMap map;
  for (const VersionMap::LeafRef& leaf : leaves) map.append_leaf(leaf);
  return contents(map);
}

TEST(VersionMap, AnEmptyMapHasNothing) {
  VersionMap map;
  Place place = 0;
  EXPECT_FALSE(map.find(1, 1, &place));
  EXPECT_FALSE(map.erase(1, 1, &place));
  map.for_unit(1, [](const VersionMap::Entry&) { FAIL(); });
}

TEST(VersionMap, UnitsWrittenInOrderFillTheirLeaves) {
  VersionMap map;
  Place former = 0;
  for (UnitIndex unit = 0; unit < 10 * VersionMap::kEntriesMax; ++unit) map.put(unit, 1, unit, &former);
  EXPECT_EQ(map.leaf_count(), 10u);
}

TEST(VersionMap, TheVersionsOfOneUnitMayFillSeveralLeaves) {
  VersionMap map;
  Place former = 0;
  for (StampId stamp = 1; stamp <= 1000; ++stamp) {
    map.put(7, stamp, stamp, &former);
    map.put(8, stamp, stamp, &former);
  }
  StampId expected = 1;
  map.for_unit(7, [&](const VersionMap::Entry& entry) { EXPECT_EQ(entry.stamp, expected++); });
  EXPECT_EQ(expected, 1001u);
}

TEST(VersionMap, TheLastUnitOfTheLargestLunKeepsItsPlace) {
  VersionMap map;
  Place place = 0;
  const auto last = static_cast<UnitIndex>(kLunBytesMax / kUnitBytes - 1);
  map.put(last, 0xFFFFFFFE, kHome - 1, &place);
  map.put(0, 1, kHome, &place);
  ASSERT_TRUE(map.find(last, 0xFFFFFFFE, &place));
  EXPECT_EQ(place, kHome - 1);
}

// Phases of growth and of shrinking, so that leaves split, thin out, merge and go.
TEST(VersionMap, RandomChangesAgreeWithAStandardMapAndSnapshotsStayWhatTheyWere) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    std::mt19937_64 random(seed);
    VersionMap map;
    Model model;
    std::vector<std::pair<std::vector<VersionMap::LeafRef>, Model>> snapshots;
    for (int step = 0; step < 30000; ++step) {
      const bool growing = step / 5000 % 2 == 0;
      const Key key{static_cast<UnitIndex>(random() % 900), static_cast<StampId>(1 + random() % 6)};
      Place former = 0;
      if (random() % 10 < (growing ? 8 : 1)) {
        const auto place = static_cast<Place>(random());
        const auto known = model.find(key);
        ASSERT_EQ(map.put(key.first, key.second, place, &former), known != model.end());
        if (known != model.end()) {
          ASSERT_EQ(former, known->second);
        }
        model[key] = place;
      } else {
        const auto known = model.find(key);
        ASSERT_EQ(map.erase(key.first, key.second, &former), known != model.end());
        if (known != model.end()) {
          ASSERT_EQ(former, known->second);
        }
        if (known != model.end()) model.erase(known);
      }
      ASSERT_EQ(map.entry_count(), model.size());
      if (step % 1500 == 0) snapshots.emplace_back(map.snapshot(), model);
      if (snapshots.size() > 3) {
        ASSERT_EQ(contents(snapshots.front().first), snapshots.front().second) << "seed " << seed;
        snapshots.erase(snapshots.begin());
      }
      if (step % 500 != 0) continue;
      ASSERT_EQ(contents(map), model) << "seed " << seed << ", step " << step;
      const UnitIndex unit = key.first;
      std::vector<StampId> stamps, expected;
      map.for_unit(unit, [&](const VersionMap::Entry& entry) { stamps.push_back(entry.stamp); });
      for (const auto& [known, place] : model) {
        if (known.first == unit) expected.push_back(known.second);
      }
      ASSERT_EQ(stamps, expected);
    }
    while (!model.empty()) {
      Place former = 0;
      ASSERT_TRUE(map.erase(model.begin()->first.first, model.begin()->first.second, &former));
      model.erase(model.begin());
    }
    EXPECT_EQ(map.leaf_count(), 0u);
    EXPECT_EQ(map.memory_bytes(), 0u);
  }
}

// Leaves that are known by their first key only, until somebody makes his units resident; then changes as in any map.
TEST(VersionMap, ChangesOfAMapWhoseLeavesAreStoredNeedThoseOfTheirUnitsOnly) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    VersionMap source;
    Model model;
    Place former = 0;
    for (int i = 0; i < 6000; ++i) {
      const Key key{static_cast<UnitIndex>(random() % 5000), static_cast<StampId>(1 + random() % 3)};
      const auto place = static_cast<Place>(i);
      source.put(key.first, key.second, place, &former);
      model[key] = place;
    }
    const std::vector<VersionMap::LeafRef> pages = source.snapshot();
    VersionMap map;
    for (uint32_t page = 0; page < pages.size(); ++page) {
      map.append_stored(VersionMap::key_of(pages[page]->entries[0]), page, pages[page]->entry_count);
    }
    ASSERT_EQ(map.stored_count(), pages.size());
    ASSERT_EQ(map.entry_count(), model.size());
    const auto make_resident = [&](UnitIndex first, uint32_t count) {
      VersionMap::Stored stored;
      while (map.find_stored(first, first + count - 1, &stored)) map.make_resident(stored, pages[stored.page]);
      ASSERT_TRUE(map.is_resident(first, count));
    };
    for (int step = 0; step < 3000; ++step) {
      // Two units are made resident, and the second is changed after the first: nothing may have taken it away.
      const auto one = static_cast<UnitIndex>(random() % 600);
      const auto other = static_cast<UnitIndex>(random() % 600);
      make_resident(one, 1);
      make_resident(other, 1);
      for (const UnitIndex unit : {one, other}) {
        for (StampId stamp = 1; stamp <= 3; ++stamp) {
          const bool known = model.count({unit, stamp}) != 0;
          if (random() % 4 == 0) {
            ASSERT_EQ(map.put(unit, stamp, static_cast<Place>(step), &former), known);
            model[{unit, stamp}] = static_cast<Place>(step);
          } else {
            ASSERT_EQ(map.erase(unit, stamp, &former), known);
            model.erase({unit, stamp});
          }
        }
        ASSERT_TRUE(map.is_resident(one, 1) && map.is_resident(other, 1));
      }
    }
    ASSERT_GT(map.stored_count(), 0u);
    make_resident(0, UINT32_MAX);
    EXPECT_EQ(map.stored_count(), 0u);
    EXPECT_EQ(contents(map), model);
    EXPECT_EQ(contents(map.snapshot()), model);
  }
}

TEST(VersionMap, UnitsWrittenAtRandomFillThreeQuartersOfTheirLeaves) {
  std::mt19937_64 random(1);
  VersionMap map;
  Place former = 0;
  for (Place place = 0; place < 200'000; ++place) map.put(static_cast<UnitIndex>(random()), 1, place, &former);
  const double filled = static_cast<double>(map.entry_count()) /
                        (static_cast<double>(map.leaf_count()) * static_cast<double>(VersionMap::kEntriesMax));
  EXPECT_GT(filled, 0.75);
}

}  // namespace
}  // namespace holdfast
