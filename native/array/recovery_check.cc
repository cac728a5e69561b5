// What the records say has to hold together before anything is built on it.
//
// Neither a crash nor a flipped bit gets this far, because batches and pages have checksums. What does was written by a
// program with a fault in it, or on purpose: it is refused as damaged, and nothing is allocated in its name.

#include <algorithm>
#include <set>
#include <unordered_set>

#include "array/recovery.h"
#include "array/storage_array.h"
#include "base/checked.h"

namespace holdfast {
namespace {

// An array goes on counting from what it finds, so it must not find the end of the numbers.
constexpr uint32_t kIdMax = 0xFFFF0000;
constexpr uint64_t kCountMax = uint64_t{1} << 62;

bool is_size(uint64_t size_bytes) {
  return size_bytes >= kSectorBytes && is_aligned(size_bytes, kSectorBytes) && size_bytes <= kLunBytesMax;
}

}  // namespace

const char* Recovery::fault_in_family(const FamilyState& state) const {
  const FamilyRecord& record = state.record;
  if (record.family > kIdMax || record.root_branch > kIdMax) return "the numbers of families or branches have run out";
  if (!is_size(record.base_bytes)) return "a family has an impossible size";
  if (record.adopted_path.find('\0') != std::string::npos) return "an adopted image has an impossible name";
  for (const auto& [id, stamp] : state.stamps) {
    if (id > kIdMax || stamp.branch > kIdMax) return "the numbers of stamps or branches have run out";
    if (stamp.epoch > kCountMax) return "the numbers of epochs have run out";
  }
  return nullptr;
}

const char* Recovery::fault_in_lun(const LunRecord& lun) const {
  const auto family = families_.find(lun.family);
  if (family == families_.end()) return "a LUN has lost its family";
  if (!is_size(lun.size_bytes) || lun.size_bytes > family->second.record.base_bytes) {
    return "a LUN has an impossible size";
  }
  if (lun.epoch > kCountMax) return "the numbers of epochs have run out";
  if (lun.view.empty() || lun.view.size() > kViewDepthMax) return "the view of a LUN is too deep";
  for (size_t i = 0; i < lun.view.size(); ++i) {
    const ViewEntry& entry = lun.view[i];
    if (entry.branch == kNoBranch || entry.branch > kIdMax) return "the view of a LUN names no branch";
    if (i == 0 ? entry.limit != kNoLimit : entry.limit > kCountMax) return "the view of a LUN has impossible limits";
  }
  if (lun.view.back().branch != family->second.record.root_branch) return "the view of a LUN does not reach the base";
  return nullptr;
}

// A plex moves into a family of its own, and back if the record of that could not be made durable.
bool Recovery::may_move(uint32_t from, uint32_t to) const {
  const auto discardable = [&](uint32_t id) {
    const auto family = families_.find(id);
    return family != families_.end() && family->second.record.discardable;
  };
  return from == to || discardable(from) || discardable(to);
}

const char* Recovery::fault_in_sets() const {
  std::set<Guid> members;
  for (const auto& [id, set] : sets_) {
    if (set.copies.empty()) return "a set has no copies";
    for (const LunRecord& copy : set.copies) {
      const auto lun = luns_.find(copy.guid);
      if (lun == luns_.end() || lun->second.snapshot.is_null()) return "a set has a copy that is none";
      const bool moved = lun->second.family != copy.family && may_move(copy.family, lun->second.family);
      if (lun->second.snapshot != copy.snapshot || (!moved && lun->second.view.front() != copy.view.front())) {
        return "a copy is not the one that its set names";
      }
      if (!members.insert(copy.guid).second) return "a copy is in two sets";
    }
  }
  std::set<Guid> snapshots;
  for (const auto& [guid, lun] : luns_) {
    if (lun.snapshot.is_null()) continue;
    if (members.count(guid) == 0) return "a copy is in no set";
    if (!snapshots.insert(lun.snapshot).second) return "two copies have one snapshot id";
  }
  return nullptr;
}

const char* Recovery::fault() const {
  if (header_.first_sequence == 0 || next_sequence_ > kCountMax || last_number_ > kCountMax) {
    return "the numbers of batches or files have run out";
  }
  if (header_.next_branch > kIdMax) return "the numbers of branches have run out";
  std::set<Guid> originals;
  for (const auto& [id, state] : families_) {
    if (const char* found = fault_in_family(state)) return found;
    if (!originals.insert(state.record.original).second) return "two families have the same files";
  }
  for (const DoomedFamily& doomed : array_.doomed_families_) {
    if (originals.count(doomed.original) != 0) return "the files of a family were to be removed";
  }
  // A branch has one head.
  std::set<std::pair<uint32_t, BranchId>> heads;
  for (const auto& [guid, lun] : luns_) {
    if (const char* found = fault_in_lun(lun)) return found;
    if (!heads.emplace(lun.family, lun.view.front().branch).second) return "two LUNs write to one branch";
  }
  return fault_in_sets();
}

const char* Recovery::fault_in_map(const FamilyState& state, const MapLimits& limits) {
  uint64_t next_key = 0;
  for (const VersionMap::LeafRef& leaf : state.leaves) {
    if (const char* found = fault_in_leaf(*leaf.get(), limits)) return found;
    if (VersionMap::key_of(leaf->entries[0]) < next_key) return "the map is not in order";
    next_key = VersionMap::key_of(leaf->entries[leaf->entry_count - 1]) + 1;
  }
  for (const Candidate& candidate : state.redirected) {
    if (candidate.unit >= limits.unit_count) return "a redirect lies behind the LUN";
    if (candidate.place != kHome && candidate.place >= limits.place_count) return "a redirect lies behind the area";
  }
  return nullptr;
}

}  // namespace holdfast
