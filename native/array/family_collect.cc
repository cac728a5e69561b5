#include <algorithm>

#include "array/family.h"
#include "array/step_timer.h"

namespace holdfast {
namespace {

struct Version {
  BranchId branch;
  Epoch birth;
  StampId stamp;
  Place place;
  bool operator<(const Version& other) const {
    return branch != other.branch ? branch < other.branch : birth < other.birth;
  }
};

// The versions of one unit, sorted, that nobody sees any more.
std::vector<Version> dead_versions(const Branches& branches, const std::vector<Version>& versions) {
  std::vector<Version> dead;
  for (size_t i = 0; i < versions.size(); ++i) {
    const bool followed = i + 1 < versions.size() && versions[i + 1].branch == versions[i].branch;
    const Epoch next_birth = followed ? versions[i + 1].birth : kNoLimit;
    if (branches.is_dead(versions[i].branch, versions[i].birth, next_birth)) dead.push_back(versions[i]);
  }
  return dead;
}

std::vector<Version> versions_of(const Branches& branches, const std::vector<VersionMap::Entry>& entries) {
  std::vector<Version> versions;
  for (const VersionMap::Entry& entry : entries) {
    const Stamp& stamp = branches.stamp(entry.stamp);
    versions.push_back(Version{stamp.branch, stamp.epoch, entry.stamp, entry.place});
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

// Adds what the versions of one unit, sorted, mean for the counters of their stamps, or takes it away.
void count_chains(Branches& branches, const std::vector<Version>& versions, bool add) {
  const uint64_t change = add ? 1 : ~uint64_t{0};
  for (size_t i = 1; i < versions.size(); ++i) {
    if (versions[i].branch != versions[i - 1].branch) continue;
    branches.stamp(versions[i].stamp).following_count += change;
    branches.stamp(versions[i - 1].stamp).followed_count += change;
  }
}

}  // namespace

// A version dies with a view when a newer one of its branch was written before the next reader's limit. So the stamps
// between the limit that went and the next one name every unit that can have lost a version; on a branch without a
// next reader and without a head it is the stamps above the last limit.
void Family::collect_after(const View& gone) {
  StepTimer step(loop_, background_steps_);
  ++views_gone_;
  homes_can_be_free_ = true;
  homes_free_after_syncs_ = syncs_begun_ + 1;
  for (size_t rank = 0; rank < gone.size(); ++rank) {
    const BranchId branch = gone[rank].branch;
    const Epoch limit = gone[rank].limit;
    const Epoch next = rank == 0 ? kNoLimit : branches_.next_limit(branch, limit);
    if (next == limit && next != kNoLimit) continue;  // another view ends here too
    const bool read_above = next != kNoLimit || branches_.has_head(branch);
    for (const auto& [id, stamp] : branches_.stamps()) {
      if (stamp.branch != branch) continue;
      const bool between = stamp.epoch > limit && stamp.epoch <= next;
      const bool unread = branches_.next_limit(branch, stamp.epoch) == kNoLimit;
      if (read_above ? between : unread) collect_stamps_.push_back(id);
    }
  }
  step.end();
  if (collect_stamps_.empty() || collecting_) return;
  collecting_ = true;
  loop_.spawn(run_collection());
}

Task<void> Family::run_collection() {
  while (!collect_stamps_.empty()) {
    const StampId id = collect_stamps_.front();
    collect_stamps_.pop_front();
    // The stamp goes with its last version, on the way; what is written meanwhile may add to it.
    for (size_t block = 0;; ++block) {
      const auto found = branches_.stamps().find(id);
      if (found == branches_.stamps().end()) break;
      if (block == found->second.units.block_count()) branches_.stamp(id).units.seal();
      if (block == found->second.units.block_count()) break;
      Task<void> collected = collect_block(found->second.units.block(block));
      co_await collected;
    }
    branches_.forget_stamp_if_unused(id);
  }
  collecting_ = false;
  trim_wanted_ = true;
  if (places_.pending_count() > 0 || !homes_to_trim_.empty()) sync_wanted_ = true;
  start_sync_if_wanted();
  changed_.notify_all();
}

Task<void> Family::collect_block(std::vector<UnitIndex> units) {
  StepTimer step(loop_, background_steps_);
  for (const UnitIndex unit : units) {
    HoldUnits hold(holds_, unit);
    const bool waits = holds_.is_held(unit);
    if (waits) step.end();
    co_await hold;
    if (waits) step.begin();
    bool resident = is_resident(unit, 1);
    if (!resident) {
      step.end();
      // What cannot be read now is collected after the next opening that looks at every version.
      const Status loaded = co_await load(unit, 1);
      resident = loaded.ok();
      step.begin();
    }
    if (resident) collect_unit(unit);
    hold.release();
    if (!step.is_over()) continue;
    step.end();
    co_await Yield(loop_);
    step.begin();
  }
  step.end();
}

void Family::collect_unit(UnitIndex unit) {
  std::vector<Version> versions;
  map_.for_unit(unit, [&](const VersionMap::Entry& entry) {
    const Stamp& stamp = branches_.stamp(entry.stamp);
    versions.push_back(Version{stamp.branch, stamp.epoch, entry.stamp, entry.place});
  });
  std::sort(versions.begin(), versions.end());
  const std::vector<Version> dead_ones = dead_versions(branches_, versions);
  if (!dead_ones.empty()) {
    count_chains(branches_, versions, false);
    std::erase_if(versions, [&](const Version& version) {
      return std::any_of(dead_ones.begin(), dead_ones.end(),
                         [&](const Version& dead) { return dead.stamp == version.stamp; });
    });
    count_chains(branches_, versions, true);
  }
  for (const Version& dead : dead_ones) {
    Place former = kHome;
    map_.erase(unit, dead.stamp, &former);
    Stamp& stamp = branches_.stamp(dead.stamp);
    --stamp.version_count;
    let_go(unit, former);
    branches_.forget_stamp_if_unused(dead.stamp);
  }
  note_free_home(unit);
}

bool Family::drop_version(UnitIndex unit, StampId stamp) {
  Place former = kHome;
  return map_.erase(unit, stamp, &former);
}

void Family::restore_version(UnitIndex unit, StampId stamp, Place place) {
  Place former = kHome;
  map_.put(unit, stamp, place, &former);
}

// A version without a newer one of its branch is the rule after a crash, and dead or not with its stamp.
bool Family::collect_all() {
  std::unordered_map<StampId, bool> dead_alone;
  for (const auto& [id, stamp] : branches_.stamps()) {
    dead_alone[id] = branches_.is_dead(stamp.branch, stamp.epoch, kNoLimit);
  }
  std::vector<VersionMap::Entry> dead_entries;
  std::vector<VersionMap::Entry> entries;
  auto finish_unit = [&] {
    if (entries.size() == 1) {
      if (dead_alone.at(entries.front().stamp)) dead_entries.push_back(entries.front());
    } else {
      const std::vector<Version> versions = versions_of(branches_, entries);
      for (const Version& dead : dead_versions(branches_, versions)) {
        dead_entries.push_back(VersionMap::Entry{entries.front().unit, dead.stamp, dead.place});
      }
    }
    entries.clear();
  };
  map_.for_all([&](const VersionMap::Entry& entry) {
    if (!entries.empty() && entry.unit != entries.front().unit) finish_unit();
    entries.push_back(entry);
  });
  if (!entries.empty()) finish_unit();
  for (const VersionMap::Entry& dead : dead_entries) drop_version(dead.unit, dead.stamp);

  bool consistent = true;
  // No unit has such a number.
  UnitIndex at_home = UINT32_MAX;
  StampId last_id = 0;
  Stamp* last = nullptr;
  entries.clear();
  auto count_unit = [&] {
    if (entries.size() > 1) count_chains(branches_, versions_of(branches_, entries), true);
    entries.clear();
  };
  map_.for_all([&](const VersionMap::Entry& entry) {
    if (!entries.empty() && entry.unit != entries.front().unit) count_unit();
    entries.push_back(entry);
    if (entry.place != kHome) {
      consistent = places_.claim(entry.place) && consistent;
    } else {
      consistent = entry.unit != at_home && consistent;
      at_home = entry.unit;
    }
    if (entry.stamp != last_id) last = &branches_.stamp(last_id = entry.stamp);
    last->units.add(entry.unit);
    ++last->version_count;
  });
  count_unit();
  homes_can_be_free_ = true;
  forget_unused_stamps();
  return consistent;
}

void Family::opened_from_summary() {
  homes_can_be_free_ = true;
  forget_unused_stamps();
}

void Family::forget_unused_stamps() {
  std::vector<StampId> unused;
  for (const auto& [id, stamp] : branches_.stamps()) {
    if (stamp.version_count == 0) unused.push_back(id);
  }
  for (const StampId id : unused) branches_.forget_stamp_if_unused(id);
}

}  // namespace holdfast
