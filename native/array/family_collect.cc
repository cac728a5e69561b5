#include <algorithm>

#include "array/family.h"

namespace holdfast {
namespace {

constexpr uint32_t kUnitsPerStep = 64;

struct Version {
  BranchId branch;
  Epoch birth;
  StampId stamp;
  Place place;
  bool operator<(const Version& other) const {
    return branch != other.branch ? branch < other.branch : birth < other.birth;
  }
};

// The versions of one unit that nobody sees any more.
std::vector<Version> dead_versions(const Branches& branches, std::vector<Version> versions) {
  std::sort(versions.begin(), versions.end());
  std::vector<Version> dead;
  for (size_t i = 0; i < versions.size(); ++i) {
    const bool followed = i + 1 < versions.size() && versions[i + 1].branch == versions[i].branch;
    const Epoch next_birth = followed ? versions[i + 1].birth : kNoLimit;
    if (branches.is_dead(versions[i].branch, versions[i].birth, next_birth)) dead.push_back(versions[i]);
  }
  return dead;
}

}  // namespace

// A version dies with a view when a newer one of its branch was written before the next reader's limit. So the stamps
// between the limit that went and the next one name every unit that can have lost a version; on a branch without a
// next reader and without a head it is the stamps above the last limit.
void Family::collect_after(const View& gone) {
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
  if (collect_stamps_.empty() || collecting_) return;
  collecting_ = true;
  loop_.spawn(run_collection());
}

Task<void> Family::run_collection() {
  uint32_t step = 0;
  while (!collect_stamps_.empty()) {
    const StampId id = collect_stamps_.front();
    collect_stamps_.pop_front();
    // The stamp goes with its last version, on the way; what is written meanwhile may add to it.
    for (size_t at = 0;; ++at) {
      const auto found = branches_.stamps().find(id);
      if (found == branches_.stamps().end() || at >= found->second.units.size()) break;
      const UnitIndex unit = found->second.units[at];
      HoldUnits hold(holds_, unit);
      co_await hold;
      collect_unit(unit);
      hold.release();
      if (++step % kUnitsPerStep == 0) co_await Yield(loop_);
    }
    branches_.forget_stamp_if_unused(id);
  }
  collecting_ = false;
  trim_wanted_ = true;
  if (places_.pending_count() > 0 || !homes_to_trim_.empty()) sync_wanted_ = true;
  start_sync_if_wanted();
  changed_.notify_all();
}

void Family::collect_unit(UnitIndex unit) {
  std::vector<Version> versions;
  map_.for_unit(unit, [&](const VersionMap::Entry& entry) {
    const Stamp& stamp = branches_.stamp(entry.stamp);
    versions.push_back(Version{stamp.branch, stamp.epoch, entry.stamp, entry.place});
  });
  for (const Version& dead : dead_versions(branches_, std::move(versions))) {
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

bool Family::collect_all() {
  std::vector<VersionMap::Entry> dead_entries;
  std::vector<Version> versions;
  UnitIndex unit = 0;
  auto finish_unit = [&] {
    for (const Version& dead : dead_versions(branches_, std::move(versions))) {
      dead_entries.push_back(VersionMap::Entry{unit, dead.stamp, dead.place});
    }
    versions.clear();
  };
  map_.for_all([&](const VersionMap::Entry& entry) {
    if (entry.unit != unit) finish_unit();
    unit = entry.unit;
    const Stamp& stamp = branches_.stamp(entry.stamp);
    versions.push_back(Version{stamp.branch, stamp.epoch, entry.stamp, entry.place});
  });
  finish_unit();
  for (const VersionMap::Entry& dead : dead_entries) drop_version(dead.unit, dead.stamp);

  bool consistent = true;
  map_.for_all([&](const VersionMap::Entry& entry) {
    if (entry.place != kHome && !places_.claim(entry.place)) consistent = false;
  });
  homes_can_be_free_ = true;
  rebuild_index();
  return consistent;
}

void Family::rebuild_index() {
  std::vector<StampId> unused;
  map_.for_all([&](const VersionMap::Entry& entry) {
    Stamp& stamp = branches_.stamp(entry.stamp);
    stamp.units.push_back(entry.unit);
    ++stamp.version_count;
  });
  for (const auto& [id, stamp] : branches_.stamps()) {
    if (stamp.version_count == 0) unused.push_back(id);
  }
  for (const StampId id : unused) branches_.forget_stamp_if_unused(id);
}

}  // namespace holdfast
