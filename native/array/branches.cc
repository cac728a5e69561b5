#include "array/branches.h"

#include <algorithm>
#include <cassert>

#include "base/planted.h"

namespace holdfast {

void Branches::add_limit(const ViewEntry& entry) {
  Branch& branch = branches_[entry.branch];
  branch.limits.insert(std::upper_bound(branch.limits.begin(), branch.limits.end(), entry.limit), entry.limit);
  // An epoch at a limit belongs to the past.
  if (branch.epoch <= entry.limit) branch.epoch = entry.limit + 1;
}

void Branches::remove_limit(const ViewEntry& entry) {
  auto found = branches_.find(entry.branch);
  assert(found != branches_.end());
  std::vector<Epoch>& limits = found->second.limits;
  auto position = std::lower_bound(limits.begin(), limits.end(), entry.limit);
  assert(position != limits.end() && *position == entry.limit);
  limits.erase(position);
  drop_if_unnamed(entry.branch);
}

void Branches::drop_if_unnamed(BranchId id) {
  auto found = branches_.find(id);
  if (found != branches_.end() && !found->second.has_head && found->second.limits.empty()) branches_.erase(found);
}

void Branches::add_head(const View& view, Epoch epoch) {
  Branch& own = branches_[view.front().branch];
  assert(!own.has_head);
  own.has_head = true;
  own.epoch = std::max(own.epoch, epoch);
  for (size_t i = 1; i < view.size(); ++i) add_limit(view[i]);
}

void Branches::remove_head(const View& view) {
  branches_.at(view.front().branch).has_head = false;
  for (size_t i = 1; i < view.size(); ++i) remove_limit(view[i]);
  drop_if_unnamed(view.front().branch);
}

bool Branches::has_head(BranchId branch) const {
  auto found = branches_.find(branch);
  return found != branches_.end() && found->second.has_head;
}

void Branches::raise_epoch(BranchId branch, Epoch at_least) {
  auto found = branches_.find(branch);
  if (found != branches_.end()) found->second.epoch = std::max(found->second.epoch, at_least);
}

View Branches::cut(const View& view, BranchId copy_branch) {
  Branch& own = branches_.at(view.front().branch);
  View copy;
  copy.reserve(view.size() + 1);
  copy.push_back(ViewEntry{copy_branch, kNoLimit});
  copy.push_back(ViewEntry{view.front().branch, own.epoch});
  copy.insert(copy.end(), view.begin() + 1, view.end());
  ++own.epoch;
  return copy;
}

View Branches::without_empty(const View& view) const {
  View kept = {view.front()};
  for (size_t i = 1; i < view.size(); ++i) {
    const bool has_version = std::any_of(stamps_.begin(), stamps_.end(), [&](const auto& entry) {
      return entry.second.branch == view[i].branch && entry.second.epoch <= view[i].limit;
    });
    if (has_version || view[i].branch == root_) kept.push_back(view[i]);
  }
  return kept;
}

StampId Branches::stamp_of(BranchId branch_id, Epoch epoch, bool* created) {
  Branch& branch = branches_.at(branch_id);
  *created = false;
  if (branch.current_stamp != 0 && branch.current_stamp_epoch == epoch) return branch.current_stamp;
  if (branch.current_stamp_epoch > epoch || branch.current_stamp == 0) {
    // A straggler of an old epoch, or the first write after opening: the stamp may exist.
    for (auto found = stamps_.rbegin(); found != stamps_.rend(); ++found) {
      if (found->second.branch == branch_id && found->second.epoch == epoch) return found->first;
    }
  }
  const StampId id = next_stamp_++;
  Stamp& fresh = stamps_[id];
  fresh.branch = branch_id;
  fresh.epoch = epoch;
  *created = true;
  if (branch.current_stamp == 0 || branch.current_stamp_epoch < epoch) {
    branch.current_stamp = id;
    branch.current_stamp_epoch = epoch;
  }
  return id;
}

void Branches::restore_stamp(StampId id, BranchId branch, Epoch epoch) {
  Stamp fresh;
  fresh.branch = branch;
  fresh.epoch = epoch;
  stamps_[id] = std::move(fresh);
  next_stamp_ = std::max(next_stamp_, id + 1);
}

void Branches::forget_stamp_if_unused(StampId id) {
  auto found = stamps_.find(id);
  if (found == stamps_.end() || found->second.version_count > 0) return;
  auto branch = branches_.find(found->second.branch);
  if (branch != branches_.end() && branch->second.current_stamp == id) {
    if (branch->second.epoch == found->second.epoch) return;
    branch->second.current_stamp = 0;
  }
  stamps_.erase(found);
}

Seen Branches::see(const VersionMap& map, const View& view, UnitIndex unit) const {
  Seen best;
  size_t best_rank = view.size();
  map.for_unit(unit, [&](const VersionMap::Entry& entry) {
    const Stamp& version = stamps_.at(entry.stamp);
    const size_t ranks = std::min(best_rank + 1, view.size());
    for (size_t rank = 0; rank < ranks; ++rank) {
      if (view[rank].branch != version.branch) continue;
      if (version.epoch > view[rank].limit) break;
      if (rank == best_rank && version.epoch < best.birth) break;
      best = Seen{entry.stamp, entry.place, version.branch, version.epoch};
      best_rank = rank;
      break;
    }
  });
  if (best.stamp == 0) {
    best.branch = root_;
    best.birth = 0;
  }
  return best;
}

Epoch Branches::next_limit(BranchId branch, Epoch at_least) const {
  auto found = branches_.find(branch);
  if (found == branches_.end()) return kNoLimit;
  const std::vector<Epoch>& limits = found->second.limits;
  auto position = std::lower_bound(limits.begin(), limits.end(), at_least);
  return position == limits.end() ? kNoLimit : *position;
}

bool Branches::may_overwrite(BranchId own_branch, Epoch birth, Epoch write_epoch) const {
  if (planted(PlantedBug::forgotten_limit)) return next_limit(own_branch, birth + 1) >= write_epoch;
  return next_limit(own_branch, birth) >= write_epoch;
}

bool Branches::is_dead(BranchId branch, Epoch birth, Epoch next_birth) const {
  if (next_birth == kNoLimit && has_head(branch)) return false;
  const Epoch limit = next_limit(branch, birth);
  return limit == kNoLimit || limit >= next_birth;
}

bool Branches::home_is_free(const VersionMap& map, UnitIndex unit) const {
  Epoch first_root_birth = kNoLimit;
  bool lives_at_home = false;
  map.for_unit(unit, [&](const VersionMap::Entry& entry) {
    const Stamp& version = stamps_.at(entry.stamp);
    if (entry.place == kHome) lives_at_home = true;
    if (version.branch == root_) first_root_birth = std::min(first_root_birth, version.epoch);
  });
  return !lives_at_home && is_dead(root_, 0, first_root_birth);
}

}  // namespace holdfast
