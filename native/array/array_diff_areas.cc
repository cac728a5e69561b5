// The diff areas of an array: whose copies keep how much, and how much they may.

#include <algorithm>

#include "array/space_use.h"
#include "array/storage_array.h"

namespace holdfast {

// The LUN whose copies it counts among: the one that it is a copy, or a copy of a copy, of. Itself if it is none, or
// has no such LUN in its family: a copy that was filled in full has become independent.
Lun& StorageArray::diff_area_holder(Lun& lun) const {
  Lun* at = &lun;
  while (at->is_copy()) {
    const std::shared_ptr<Lun> source = find_lun(at->record().source);
    if (source == nullptr || source->record().family != at->record().family) break;
    at = source.get();
  }
  if (!at->is_copy()) return *at;
  // What it was taken of has been deleted, or has left the family: it counts for a LUN that it shares its history with,
  // best for one whose branch it reads.
  const View& view = at->record().view;
  const auto reads = [](const View& reader, BranchId branch) {
    return std::any_of(reader.begin() + 1, reader.end(),
                       [&](const ViewEntry& entry) { return entry.branch == branch; });
  };
  Lun* relative = nullptr;
  for (const auto& [guid, other] : luns_) {
    if (other->is_copy() || other->record().family != at->record().family) continue;
    if (reads(view, other->record().view.front().branch)) return *other;
    if (!reads(other->record().view, view.front().branch)) relative = other.get();
  }
  return relative == nullptr ? *at : *relative;
}

void StorageArray::give_diff_area(const std::shared_ptr<Lun>& lun) {
  Lun& holder = diff_area_holder(*lun);
  if (&holder == lun.get()) {
    lun->own_diff_area(std::make_shared<DiffArea>(lun->record().diff_area), this);
  } else {
    lun->share_diff_area(holder.diff_area(), this);
  }
}

// Where LUNs have become ordinary or independent; those that hold a diff area of their own keep it.
void StorageArray::give_diff_areas() {
  for (const auto& [guid, lun] : luns_) {
    if (!lun->owns_diff_area() && &diff_area_holder(*lun) == lun.get()) give_diff_area(lun);
  }
  for (const auto& [guid, lun] : luns_) {
    if (&diff_area_holder(*lun) != lun.get()) give_diff_area(lun);
  }
}

// All LUNs of a family, those captured and not recorded too, in the order of their capture: a LUN can be in one set at
// a time until that is captured, so branches are numbered in it.
std::vector<std::shared_ptr<Lun>> StorageArray::members_of(const Family& family) const {
  std::vector<std::shared_ptr<Lun>> members;
  for (const auto& [guid, lun] : luns_) {
    if (lun->record().family == family.id()) members.push_back(lun);
  }
  for (const auto& [id, set] : sets_) {
    for (const ShadowCopy& copy : set->copies) {
      const bool unlisted = copy.lun != nullptr && find_lun(copy.ids.copy) == nullptr;
      if (unlisted && copy.lun->record().family == family.id()) members.push_back(copy.lun);
    }
  }
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
    return a->record().view.front().branch < b->record().view.front().branch;
  });
  return members;
}

// Whether what the LUN overwrites now would be kept for copies. The newest of those who see it decides.
bool StorageArray::counts_for_copies(Lun& lun) const {
  if (!lun.owns_diff_area()) return true;
  const BranchId own = lun.record().view.front().branch;
  std::optional<Epoch> largest;
  bool is_for_copy = false;
  for (const auto& member : members_of(lun.family())) {
    for (const ViewEntry& entry : member->record().view) {
      if (entry.branch != own || entry.limit == kNoLimit) continue;
      if (largest.has_value() && entry.limit < *largest) continue;
      is_for_copy = !member->owns_diff_area() && (is_for_copy || largest != entry.limit);
      largest = entry.limit;
    }
  }
  return is_for_copy;
}

// The copies that count for the area, in the order of their capture. Those of a set that is not created yet may not be
// given up: whoever makes it is told of failures another way.
std::vector<StorageArray::Burden> StorageArray::burdens_of(const DiffArea& area, Family& family) const {
  const std::vector<std::shared_ptr<Lun>> members = members_of(family);
  std::unordered_set<Guid, GuidHash> created;
  for (const auto& [id, set] : sets_) {
    if (set->state != SetState::created) continue;
    for (const ShadowCopy& copy : set->copies) created.insert(copy.ids.copy);
  }
  std::vector<SpaceReader> readers;
  for (const auto& lun : members) readers.push_back(SpaceReader{&lun->record().view, !lun->owns_diff_area()});
  const std::vector<uint64_t> units = units_kept(family.branches(), readers);
  std::vector<Burden> burdens;
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i]->owns_diff_area() || members[i]->diff_area().get() != &area) continue;
    const bool may_go = created.count(members[i]->guid()) != 0 && members[i]->state() == Lun::State::open;
    burdens.push_back(Burden{members[i], units[i], may_go});
  }
  return burdens;
}

uint64_t StorageArray::measure(DiffArea& area, Family& family) const {
  uint64_t units = 0;
  for (const Burden& burden : burdens_of(area, family)) units += burden.own_units;
  area.measured(units);
  return units;
}

DiffAreaInfo StorageArray::describe_area(Lun& lun) const {
  const DiffArea& area = *lun.diff_area();
  DiffAreaInfo info;
  info.lun = lun.guid();
  info.setting = area.setting();
  for (const Burden& burden : burdens_of(area, lun.family())) {
    info.used_bytes += unit_offset(burden.own_units);
    info.copies.push_back(DiffAreaInfo::Copy{burden.copy->record().snapshot, unit_offset(burden.own_units)});
  }
  info.allocated_bytes = info.used_bytes + unit_offset(lun.family().places().free_backed_count());
  info.bytes_per_second = area.bytes_per_second(loop_.now());
  return info;
}

Result<DiffAreaInfo> StorageArray::diff_area(const Guid& guid) const {
  const std::shared_ptr<Lun> lun = find_lun(guid);
  if (lun == nullptr) return why_missing(guid);
  if (!lun->owns_diff_area()) {
    return Status(Code::invalid_argument, lun->describe() + " has no diff area of its own: it uses that of " +
                                              diff_area_holder(*lun).describe());
  }
  return describe_area(*lun);
}

std::vector<DiffAreaInfo> StorageArray::diff_areas() const {
  std::vector<DiffAreaInfo> list;
  for (const auto& [guid, lun] : luns_) {
    if (lun->owns_diff_area()) list.push_back(describe_area(*lun));
  }
  return list;
}

Task<Status> StorageArray::set_diff_area(Guid guid, DiffAreaSetting setting) {
  Status usable = closed_or_broken();
  if (!usable.ok()) co_return usable;
  Result<DiffAreaInfo> present = diff_area(guid);
  if (!present.ok()) co_return present.status();
  if (setting.maximum_bytes < kUnitBytes) {
    co_return Status(Code::invalid_argument, "a diff area holds at least 4096 bytes");
  }
  const Running running(*this);
  const std::shared_ptr<Lun> lun = find_lun(guid);
  const DiffAreaSetting former = lun->diff_area()->setting();
  lun->set_diff_area_setting(setting);
  std::vector<uint8_t> record;
  encode(record, lun->present_record());
  Status durable = co_await journal_.commit(journal_.append(record));
  if (!durable.ok()) {
    // The record of a failure may still reach the disk, so its opposite follows it.
    lun->set_diff_area_setting(former);
    record.clear();
    encode(record, lun->present_record());
    (void)journal_.append(record);
    co_return durable;
  }
  const std::shared_ptr<DiffArea> area = lun->diff_area();
  measure(*area, lun->family());
  changed_.notify_all();  // a write may wait for just that
  const uint32_t family = lun->family().id();
  if (setting.policy != SpacePolicy::drop_oldest || families_making_room_.count(family) != 0) co_return durable;
  families_making_room_.insert(family);
  // What cannot go now goes with the writes to come.
  const Status lack(Code::no_space,
                    "the maximum of the diff area was lowered to " + std::to_string(setting.maximum_bytes) + " bytes");
  (void)co_await drop_for_area(*area, lun->family(), 0, nullptr, lack);
  families_making_room_.erase(family);
  changed_.notify_all();
  co_return durable;
}

Status StorageArray::why_missing(const Guid& guid) const {
  for (const LostCopy& lost : lost_copies_) {
    if (lost.ids.copy == guid || lost.ids.snapshot == guid) return lost.failure;
  }
  return Status(Code::lun_not_found, "the array has no LUN " + guid.to_string());
}

}  // namespace holdfast
