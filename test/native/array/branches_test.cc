// Random histories of a family against a model that keeps every LUN's units as they are.
//
// The rules under test decide what a write may overwrite and what is garbage. The history here obeys them, on a map and
// a store of its own, and after each step every LUN must read what the model says.

#include "array/branches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <set>

namespace holdfast {
namespace {

constexpr UnitIndex kUnits = 6;
constexpr size_t kLunsMax = 12;

class History {
 public:
  explicit History(uint64_t seed) : random_(seed), branches_(1) {
    luns_.push_back(Head{View{{1, kNoLimit}}, std::vector<int>(kUnits, 0)});
    branches_.add_head(luns_[0].view, 0);
    home_.assign(kUnits, 0);
  }

  /// One random step; what is wrong afterwards, or nothing.
  std::string step() {
    const uint64_t kind = random_() % 100;
    if (kind < 50) {
      admit_write(random_() % luns_.size());
      if (random_() % 2 == 0) carry_out_writes();
    } else if (kind < 75 && luns_.size() < kLunsMax) {
      capture(random_() % luns_.size());
    } else if (kind < 90 && luns_.size() > 1) {
      remove(1 + random_() % (luns_.size() - 1));
    } else {
      carry_out_writes();
      collect();
      return compare_versions();
    }
    return compare();
  }
  std::string end() {
    carry_out_writes();
    collect();
    while (luns_.size() > 1) {
      remove(1 + random_() % (luns_.size() - 1));
      collect();
      std::string wrong = compare_versions();
      if (wrong.empty()) wrong = compare();
      if (!wrong.empty()) return wrong;
    }
    // The original alone: one version a unit at most.
    return map_.entry_count() > kUnits ? "versions are left that only deleted copies could see" : "";
  }

 private:
  struct Head {
    View view;
    std::vector<int> units;
  };
  struct Write {
    BranchId branch;
    Epoch epoch;
    UnitIndex unit;
    int value;
  };

  int& at(UnitIndex unit, Place place) { return place == kHome ? home_[unit] : area_[place]; }
  Head& head_of(BranchId branch) {
    return *std::find_if(luns_.begin(), luns_.end(), [&](const Head& h) { return h.view[0].branch == branch; });
  }

  // Admitted now and carried out later: captures in between must contain it all the same.
  void admit_write(size_t lun) {
    Head& head = luns_[lun];
    const auto unit = static_cast<UnitIndex>(random_() % kUnits);
    const BranchId branch = head.view.front().branch;
    head.units[unit] = ++next_value_;
    writes_.push_back(Write{branch, branches_.epoch(branch), unit, next_value_});
  }
  void carry_out_writes() {
    for (; !writes_.empty(); writes_.pop_front()) {
      const Write& write = writes_.front();
      const Seen seen = branches_.see(map_, head_of(write.branch).view, write.unit);
      if (seen.branch == write.branch && branches_.may_overwrite(write.branch, seen.birth, write.epoch)) {
        at(write.unit, seen.place) = write.value;
        continue;
      }
      Place place = kHome;
      if (!branches_.home_is_free(map_, write.unit)) {
        place = static_cast<Place>(area_.size());
        area_.push_back(0);
      }
      at(write.unit, place) = write.value;
      bool created = false;
      Place former = kHome;
      map_.put(write.unit, branches_.stamp_of(write.branch, write.epoch, &created), place, &former);
    }
  }
  void capture(size_t lun) {
    Head copy;
    copy.view = branches_.cut(luns_[lun].view, next_branch_++);
    copy.units = luns_[lun].units;
    branches_.add_head(copy.view, 0);
    luns_.push_back(std::move(copy));
  }
  void remove(size_t lun) {
    carry_out_writes();
    branches_.remove_head(luns_[lun].view);
    luns_.erase(luns_.begin() + static_cast<ptrdiff_t>(lun));
  }
  void collect() {
    for (UnitIndex unit = 0; unit < kUnits; ++unit) {
      std::vector<VersionMap::Entry> versions;
      map_.for_unit(unit, [&](const VersionMap::Entry& entry) { versions.push_back(entry); });
      for (const VersionMap::Entry& version : versions) {
        const Stamp stamp = branches_.stamp(version.stamp);
        Epoch next = kNoLimit;
        for (const VersionMap::Entry& other : versions) {
          const Stamp& newer = branches_.stamp(other.stamp);
          if (newer.branch == stamp.branch && newer.epoch > stamp.epoch) next = std::min(next, newer.epoch);
        }
        if (branches_.is_dead(stamp.branch, stamp.epoch, next)) dead_.emplace_back(unit, version.stamp);
      }
    }
    for (const auto& [unit, stamp] : dead_) {
      Place former = kHome;
      map_.erase(unit, stamp, &former);
      at(unit, former) = -1;  // whoever still reads it is found out
    }
    dead_.clear();
  }

  std::string compare() {
    for (size_t lun = 0; lun < luns_.size(); ++lun) {
      for (UnitIndex unit = 0; unit < kUnits; ++unit) {
        const bool pending =
            std::any_of(writes_.begin(), writes_.end(), [&](const Write& w) { return w.unit == unit; });
        if (pending) continue;  // a read waits for the units of writes
        const Seen seen = branches_.see(map_, luns_[lun].view, unit);
        const int found = at(unit, seen.place);
        if (found == luns_[lun].units[unit]) continue;
        return "LUN " + std::to_string(lun) + " unit " + std::to_string(unit) + " reads " + std::to_string(found) +
               " instead of " + std::to_string(luns_[lun].units[unit]);
      }
    }
    return {};
  }
  // After a collection the map holds exactly what an entry of some view ends at, reckoned from the views alone.
  std::string compare_versions() {
    std::set<std::pair<UnitIndex, StampId>> wanted, kept;
    for (const Head& head : luns_) {
      for (const ViewEntry& entry : head.view) {
        for (UnitIndex unit = 0; unit < kUnits; ++unit) {
          StampId newest = 0;
          map_.for_unit(unit, [&](const VersionMap::Entry& version) {
            const Stamp& stamp = branches_.stamp(version.stamp);
            if (stamp.branch != entry.branch || stamp.epoch > entry.limit) return;
            if (newest == 0 || branches_.stamp(newest).epoch < stamp.epoch) newest = version.stamp;
          });
          if (newest != 0) wanted.insert({unit, newest});
        }
      }
    }
    map_.for_all([&](const VersionMap::Entry& entry) { kept.insert({entry.unit, entry.stamp}); });
    return wanted == kept ? std::string()
                          : "the collection kept " + std::to_string(kept.size()) + " versions where " +
                                std::to_string(wanted.size()) + " can be reached";
  }

  std::mt19937_64 random_;
  Branches branches_;
  VersionMap map_;
  BranchId next_branch_ = 2;
  int next_value_ = 0;
  std::vector<int> home_;
  std::vector<int> area_;
  std::deque<Write> writes_;
  std::vector<Head> luns_;
  std::vector<std::pair<UnitIndex, StampId>> dead_;
};

TEST(Branches, NoVisibleVersionDiesAndNothingOutOfReachStaysInRandomHistories) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    History history(seed);
    for (int step = 0; step < 100; ++step) {
      const std::string wrong = history.step();
      ASSERT_TRUE(wrong.empty()) << "seed " << seed << ", step " << step << ": " << wrong;
    }
    const std::string wrong = history.end();
    ASSERT_TRUE(wrong.empty()) << "seed " << seed << ": " << wrong;
  }
}

TEST(Branches, AWriteAdmittedBeforeTheCutMayOverwriteWhatTheCutWillSee) {
  Branches branches(1);
  const View original{{1, kNoLimit}};
  branches.add_head(original, 0);
  const Epoch old_epoch = branches.epoch(1);
  const View copy = branches.cut(original, 2);
  branches.add_head(copy, 0);
  EXPECT_TRUE(branches.may_overwrite(1, 0, old_epoch));
  EXPECT_FALSE(branches.may_overwrite(1, 0, branches.epoch(1)));
  branches.remove_head(copy);
  EXPECT_TRUE(branches.may_overwrite(1, 0, branches.epoch(1)));
}

TEST(Branches, AnEpochNeverComesBackBelowALimitOrAStampFoundOnDisk) {
  Branches branches(1);
  branches.add_head(View{{1, kNoLimit}}, 3);
  branches.add_head(View{{2, kNoLimit}, {1, 7}}, 0);
  EXPECT_EQ(branches.epoch(1), 8u);
  branches.raise_epoch(1, 20);
  branches.raise_epoch(1, 5);
  EXPECT_EQ(branches.epoch(1), 20u);
}

TEST(Branches, ABranchStaysWhileAViewNamesItAndNoLonger) {
  Branches branches(1);
  const View original{{1, kNoLimit}};
  branches.add_head(original, 0);
  const View copy = branches.cut(original, 2);
  branches.add_head(copy, 0);
  const View copy_of_copy = branches.cut(copy, 3);
  branches.add_head(copy_of_copy, 0);
  branches.remove_head(copy);
  EXPECT_TRUE(branches.exists(2));
  EXPECT_FALSE(branches.has_head(2));
  branches.remove_head(copy_of_copy);
  EXPECT_FALSE(branches.exists(2));
  EXPECT_FALSE(branches.exists(3));
  EXPECT_EQ(branches.next_limit(1, 0), kNoLimit);
}

}  // namespace
}  // namespace holdfast
