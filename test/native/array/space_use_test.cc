// Random lives of a LUN and its copies: what the counters say each copy keeps is what looking at every version says.

#include "array/space_use.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

#include "array_fixture.h"

namespace holdfast {
namespace {

struct KnownVersion {
  BranchId branch;
  Epoch birth;
  StampId stamp;  // 0: the base
};

class SpaceUseTest : public ArrayTest {
 protected:
  static constexpr uint32_t kUnits = 12;

  Family& family() { return array().find_lun(id)->family(); }
  // The versions of a unit and the base, by branch and birth; the base where the first branch has a version of its own.
  std::vector<KnownVersion> versions_of(UnitIndex unit) {
    std::vector<KnownVersion> versions;
    bool on_root = false;
    family().map().for_unit(unit, [&](const VersionMap::Entry& entry) {
      const Stamp& stamp = family().branches().stamp(entry.stamp);
      versions.push_back(KnownVersion{stamp.branch, stamp.epoch, entry.stamp});
      on_root = on_root || stamp.branch == family().branches().root();
    });
    if (on_root) versions.push_back(KnownVersion{family().branches().root(), 0, 0});
    std::sort(versions.begin(), versions.end(), [](const KnownVersion& a, const KnownVersion& b) {
      return std::tie(a.branch, a.birth, a.stamp) < std::tie(b.branch, b.birth, b.stamp);
    });
    return versions;
  }

  void expect_counters_right() {
    ASSERT_TRUE(machine().run(family().load_all()).ok());
    std::map<StampId, std::pair<uint64_t, uint64_t>> counted;
    for (UnitIndex unit = 0; unit < kUnits; ++unit) {
      const std::vector<KnownVersion> versions = versions_of(unit);
      for (size_t i = 1; i < versions.size(); ++i) {
        if (versions[i].branch != versions[i - 1].branch || versions[i - 1].stamp == 0) continue;
        ++counted[versions[i].stamp].first;
        ++counted[versions[i - 1].stamp].second;
      }
    }
    for (const auto& [stamp_id, stamp] : family().branches().stamps()) {
      EXPECT_EQ(stamp.following_count, counted[stamp_id].first) << "stamp " << stamp_id;
      EXPECT_EQ(stamp.followed_count, counted[stamp_id].second) << "stamp " << stamp_id;
    }
  }

  void expect_uses_right() {
    std::vector<std::shared_ptr<Lun>> luns;
    for (const LunInfo& info : array().list_luns()) luns.push_back(array().find_lun(info.record.guid));
    std::sort(luns.begin(), luns.end(), [](const auto& a, const auto& b) {
      return a->record().view.front().branch < b->record().view.front().branch;
    });
    std::vector<SpaceReader> readers;
    for (const auto& lun : luns) readers.push_back(SpaceReader{&lun->record().view, lun->is_copy()});
    std::vector<uint64_t> expected(readers.size());
    for (UnitIndex unit = 0; unit < kUnits; ++unit) {
      const std::vector<KnownVersion> versions = versions_of(unit);
      for (size_t i = 0; i < versions.size(); ++i) {
        const bool is_followed = i + 1 < versions.size() && versions[i + 1].branch == versions[i].branch;
        const Epoch next = is_followed ? versions[i + 1].birth : kNoLimit;
        size_t newest = readers.size();
        bool for_ordinary = false;
        for (size_t reader = 0; reader < readers.size(); ++reader) {
          for (const ViewEntry& entry : *readers[reader].view) {
            const bool is_head = entry.limit == kNoLimit && next == kNoLimit;
            const bool sees =
                is_head || (entry.limit != kNoLimit && entry.limit >= versions[i].birth && entry.limit < next);
            if (entry.branch != versions[i].branch || !sees) continue;
            newest = reader;
            for_ordinary = for_ordinary || !readers[reader].is_copy;
          }
        }
        if (newest < readers.size() && !for_ordinary) ++expected[newest];
      }
    }
    const std::vector<uint64_t> kept = units_kept(family().branches(), readers);
    if (!copies_of_copies_) {
      EXPECT_EQ(kept, expected);
    }
    const uint64_t used = std::accumulate(expected.begin(), expected.end(), uint64_t{0});
    EXPECT_EQ(std::accumulate(kept.begin(), kept.end(), uint64_t{0}), used);
    EXPECT_EQ(array().diff_area(id).value().used_bytes, unit_offset(used));
  }

  Guid id;
  bool copies_of_copies_ = false;
};

TEST_F(SpaceUseTest, InRandomLivesTheCountersSayWhatEachCopyKeeps) {
  uint64_t most_used = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    std::mt19937_64 random(seed);
    copies_of_copies_ = seed % 2 == 0;
    machine_ = std::make_unique<Machine>(seed);
    ASSERT_TRUE(machine().create_array().ok());
    id = make_lun(unit_offset(kUnits));
    std::vector<TakenSet> sets;
    for (int step = 0; step < 60; ++step) {
      const uint64_t kind = random() % 100;
      if (kind < 60) {
        const bool to_copy = !sets.empty() && random() % 4 == 0;
        const Guid target = to_copy ? sets[random() % sets.size()].copies[0] : id;
        const uint64_t unit = random() % kUnits;
        const uint64_t count = 1 + random() % std::min<uint64_t>(3, kUnits - unit);
        ASSERT_TRUE(write(target, unit_offset(unit), pattern(unit_offset(count), 1)).ok());
        const bool flushed = random() % 3 == 0 ? flush(id).ok() : true;
        ASSERT_TRUE(flushed);
      } else if (kind < 75 && sets.size() < 8) {
        const bool of_copy = copies_of_copies_ && !sets.empty() && random() % 3 == 0;
        sets.push_back(take_set(machine(), {of_copy ? sets[random() % sets.size()].copies[0] : id}));
        ASSERT_TRUE(sets.back().status.ok()) << sets.back().status.message();
      } else if (kind < 92 && !sets.empty()) {
        const size_t victim = random() % sets.size();
        delete_set(sets[victim]);
        sets.erase(sets.begin() + static_cast<ptrdiff_t>(victim));
        ASSERT_TRUE(flush(id).ok());
        settle();
      } else if (kind < 96) {
        ASSERT_TRUE(close_and_open().ok());
      } else {
        ASSERT_TRUE(die_and_open().ok());
      }
      expect_counters_right();
      expect_uses_right();
      most_used = std::max(most_used, array().diff_area(id).value().used_bytes);
      if (HasFailure()) FAIL() << "seed " << seed << ", step " << step << ", kind " << kind;
    }
  }
  EXPECT_GT(most_used, unit_offset(2 * kUnits)) << "these lives test little";
}

TEST_F(SpaceUseTest, WhatAllCopiesSeeCountsForTheNewestAndPassesOnWhenThatGoes) {
  id = make_lun(unit_offset(kUnits));
  const TakenSet first = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(unit_offset(2), 1)).ok());
  const TakenSet second = take_set(machine(), {id});
  const TakenSet third = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(unit_offset(4), 2)).ok());
  const auto kept = [&] {
    std::vector<uint64_t> units;
    const DiffAreaInfo info = array().diff_area(id).take();
    for (const DiffAreaInfo::Copy& copy : info.copies) units.push_back(copy.own_bytes / 4096);
    return units;
  };
  EXPECT_EQ(kept(), (std::vector<uint64_t>{2, 0, 4}));
  delete_set(third);
  EXPECT_EQ(kept(), (std::vector<uint64_t>{2, 4}));
  delete_set(first);
  EXPECT_EQ(kept(), (std::vector<uint64_t>{4}));
  ASSERT_TRUE(write(second.copies[0], unit_offset(8), pattern(4096, 3)).ok());
  EXPECT_EQ(kept(), (std::vector<uint64_t>{5}));
  delete_set(second);
  EXPECT_EQ(kept(), (std::vector<uint64_t>{}));
  EXPECT_EQ(array().diff_area(id).value().used_bytes, 0u);
}

TEST_F(SpaceUseTest, ALunThatWasRevertedDoesNotUseItsOwnDiffArea) {
  id = make_lun(unit_offset(kUnits));
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(unit_offset(3), 1)).ok());
  EXPECT_EQ(array().diff_area(id).value().used_bytes, unit_offset(3));
  ASSERT_TRUE(machine().run(array().revert_lun(id, set.copies[0])).ok());
  ASSERT_TRUE(flush(id).ok());
  settle();
  EXPECT_EQ(array().diff_area(id).value().used_bytes, 0u) << "nothing is there but what the LUN sees";
  ASSERT_TRUE(write(id, 0, pattern(unit_offset(2), 2)).ok());
  EXPECT_EQ(array().diff_area(id).value().used_bytes, 0u);
  const TakenSet later = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(unit_offset(1), 3)).ok());
  EXPECT_EQ(array().diff_area(id).value().used_bytes, unit_offset(1));
}

}  // namespace
}  // namespace holdfast
