// What becomes of LUNs and copies besides coming and going: growing, reverting, breaking a copy off.

#include <algorithm>
#include <utility>

#include "array/lun_access.h"
#include "array/storage_array.h"
#include "base/checked.h"

namespace holdfast {
namespace {

// One batch says that they are none any more.
constexpr size_t kBreakBytesMax = 1 << 20;

}  // namespace

Task<Result<std::shared_ptr<Lun>>> StorageArray::lun_to_change(Guid guid, const char* if_copy) {
  for (;;) {
    Status usable = closed_or_broken();
    if (!usable.ok()) co_return usable;
    std::shared_ptr<Lun> lun = find_lun(guid);
    if (lun == nullptr) co_return Status(Code::lun_not_found, "the array has no LUN " + guid.to_string());
    if (lun->is_copy()) co_return Status(Code::lun_in_use, lun->describe() + " is a shadow copy; " + if_copy);
    if (changing_families_.count(lun->record().family) != 0) {
      co_await changed_.wait();
      continue;
    }
    Status in_use = why_in_use(lun);
    if (!in_use.ok()) co_return in_use;
    co_return lun;
  }
}

Task<Status> StorageArray::grow_lun(Guid guid, uint64_t size_bytes) {
  const Running running(*this);
  Result<std::shared_ptr<Lun>> found = co_await lun_to_change(guid, "it keeps its size");
  if (!found.ok()) co_return found.status();
  const std::shared_ptr<Lun> lun = found.take();
  const LifeChange change(*this, *lun);
  const uint64_t former_bytes = lun->size_bytes();
  if (size_bytes < former_bytes || !is_aligned(size_bytes, kSectorBytes) || size_bytes > kLunBytesMax) {
    co_return Status(Code::lun_size, lun->describe() + " has " + std::to_string(former_bytes) +
                                         " bytes and can only grow, up to 8 TiB and in multiples of 512; asked for " +
                                         std::to_string(size_bytes));
  }
  if (size_bytes == former_bytes) co_return Status();
  Family& family = lun->family();
  Status grown = co_await grow_base(family, size_bytes);
  if (!grown.ok()) co_return grown;
  // From here on a checkpoint says the same as the record; requests may reach the new end when it cannot be lost.
  lun->set_recorded_size(size_bytes);
  FamilyRecord family_record = family.record();
  family_record.closed_cleanly = false;
  std::vector<uint8_t> records;
  encode(records, family_record);
  encode(records, lun->present_record());
  const uint64_t batch = journal_.append(records);
  family.touched_by_record(batch);
  Status durable = co_await journal_.commit(batch);
  if (durable.ok()) {
    lun->reach_recorded_size();
    co_return durable;
  }
  lun->set_recorded_size(former_bytes);
  std::vector<uint8_t> opposite;
  encode(opposite, lun->present_record());
  (void)journal_.append(opposite);
  co_return durable;
}

// Before any record says so: a base file that is too long does no harm, one that is too short would.
Task<Status> StorageArray::grow_base(Family& family, uint64_t size_bytes) {
  if (family.base_bytes() >= size_bytes) co_return Status();
  const std::string name = "the base file of " + family.record().original.to_string();
  // A request on a unit that the old end cuts short would find it whole half way.
  HoldUnits last_unit(family.holds(), static_cast<UnitIndex>(family.base_bytes() / kUnitBytes));
  co_await last_unit;
  Status grown = co_await files_.truncate(family.base_file(), size_bytes, name);
  if (grown.ok()) {
    const int64_t synced = co_await IoAwait(loop_, IoOp::sync, family.base_file(), 0, nullptr, 0);
    if (synced < 0) grown = Status::from_errno(static_cast<int>(-synced), "syncing " + name);
  }
  if (grown.ok()) family.set_base_bytes(size_bytes);
  last_unit.release();
  if (!grown.ok()) co_return grown;
  if (family.adopted()) {
    FileIdentity identity = family.record().adopted_identity;
    identity.size_bytes = size_bytes;
    family.set_adopted_identity(identity);
  }
  co_return Status();
}

// The LUN becomes the head of a new branch that sees what the source sees. Its former view is removed like that of a
// deleted copy: when the record cannot be lost any more.
Task<Status> StorageArray::revert_lun(Guid guid, Guid source_guid) {
  const Running running(*this);
  Result<std::shared_ptr<Lun>> found = co_await lun_to_change(guid, "break it off first");
  if (!found.ok()) co_return found.status();
  const std::shared_ptr<Lun> lun = found.take();
  const LifeChange change(*this, *lun);
  const std::shared_ptr<Lun> source = find_lun(source_guid);
  if (source == nullptr) co_return Status(Code::lun_not_found, "the array has no LUN " + source_guid.to_string());
  if (lun == source || lun->record().family != source->record().family) {
    co_return Status(Code::invalid_argument,
                     source->describe() + " is no shadow copy or other LUN of the family of " + lun->describe());
  }
  if (source->size_bytes() > lun->size_bytes()) {
    co_return Status(Code::lun_size, source->describe() + " is larger than " + lun->describe() + "; grow that first");
  }
  if (source->record().view.size() >= kViewDepthMax) {
    co_return Status(Code::maximum_number_of_snapshots_reached,
                     source->describe() + " is a copy of a copy, 512 deep; nothing can be reverted to it");
  }
  if (source->state() != Lun::State::open) {
    co_return Status(Code::lun_closed, source->describe() + " is closed or being deleted");
  }
  lun->begin_change();
  co_await lun->drained();
  std::vector<Patch> nothing_over_it;
  Status status = co_await see_as(lun, source, std::move(nothing_over_it));
  if (lun->state() == Lun::State::changing) lun->reinstate();
  co_return status;
}

Task<Status> StorageArray::see_as(std::shared_ptr<Lun> lun, std::shared_ptr<Lun> source, std::vector<Patch> patches) {
  Status status = closed_or_broken();
  if (status.ok() && source->state() != Lun::State::open) {
    status = Status(Code::copy_gone, source->describe() + " was deleted meanwhile");
  }
  if (status.ok() && source->record().family != lun->record().family) {
    status = Status(Code::lun_in_use, source->describe() + " was made independent of its source meanwhile");
  }
  if (!status.ok()) co_return status;

  Family& family = lun->family();
  const LunRecord former = lun->record();
  std::vector<std::shared_ptr<EpochWrites>> old_writes;
  View reverted = source->cut(next_branch_++, &old_writes);
  family.branches().add_head(reverted, 0);
  for (const std::shared_ptr<EpochWrites>& epoch : old_writes) {
    while (epoch->in_flight_count > 0) co_await source->changed().wait();
    if (!epoch->failure.ok() && status.ok()) status = epoch->failure;
  }
  if (status.ok()) {
    const View whole = std::exchange(reverted, family.branches().without_empty(reverted));
    family.branches().remove_head(whole);
    // The head is that of a LUN nobody else knows of, through which the patches are written.
    LunRecord staged_record = former;
    staged_record.view = reverted;
    staged_record.epoch = 0;
    staged_record.content = Content::own;
    Lun staged(loop_, leases_, family, staged_record);
    LunAccess access(staged);
    for (const Patch& patch : patches) {
      const std::span<const uint8_t> bytes(patch.bytes);
      if (status.ok()) status = co_await access.write(patch.offset_bytes, bytes);
    }
    if (status.ok()) status = co_await family.sync();
  }
  if (!status.ok()) {
    remove_view(family, reverted);
    co_return status;
  }
  uint64_t batch = record_view(*lun, reverted, Content::own, Guid());
  status = co_await journal_.commit(batch);
  if (status.ok()) {
    lun->content_taken_back(status);
  } else {
    // The record of a failure may still reach the disk, so its opposite follows it.
    batch = record_view(*lun, former.view, former.content, former.content_of);
  }
  removals_.push_back(Removal{batch, &family, status.ok() ? former.view : reverted});
  settle_removals();
  co_return status;
}

uint64_t StorageArray::record_view(Lun& lun, const View& view, Content content, const Guid& content_of) {
  lun.see_through(view);
  lun.set_content(content, content_of);
  std::vector<uint8_t> record;
  encode(record, lun.present_record());
  const uint64_t batch = journal_.append(record);
  lun.family().touched_by_record(batch);
  return batch;
}

Task<Result<std::vector<Guid>>> StorageArray::break_copies(std::vector<Guid> snapshots) {
  Status usable = closed_or_broken();
  if (!usable.ok()) co_return usable;
  std::vector<std::shared_ptr<Lun>> broken;
  std::vector<Guid> guids;
  for (const Guid& snapshot : snapshots) {
    auto found = copies_.find(snapshot);
    if (found == copies_.end() || found->second->state() != Lun::State::open) {
      co_return Status(Code::object_not_found, "the array has no shadow copy " + snapshot.to_string());
    }
    if (std::find(guids.begin(), guids.end(), found->second->guid()) != guids.end()) continue;
    broken.push_back(found->second);
    guids.push_back(found->second->guid());
  }
  for (const auto& [id, set] : sets_) {
    if (set->state == SetState::created) continue;
    for (const ShadowCopy& copy : set->copies) {
      if (std::find(guids.begin(), guids.end(), copy.ids.copy) == guids.end()) continue;
      co_return Status(Code::snapshot_set_in_progress, "the set of " + copy.lun->describe() + " is not created yet");
    }
  }
  const Running running(*this);
  std::vector<uint8_t> records;
  encode_copies_removed(records, guids);
  for (const auto& lun : broken) encode(records, lun->present_record());
  if (records.size() > kBreakBytesMax) {
    co_return Status(Code::invalid_argument,
                     std::to_string(guids.size()) + " copies are too many to break off at once");
  }
  records.clear();
  encode_copies_removed(records, guids);
  for (const auto& lun : broken) {
    std::shared_ptr<Lun> source = find_lun(lun->record().source);
    copies_.erase(lun->record().snapshot);
    if (source != nullptr) source->count_copies(-1);
    lun->become_ordinary();
    encode(records, lun->present_record());
  }
  forget_lost_members();
  give_diff_areas();
  // One batch, so a crash finds all of them copies or none. A record that found no space is taken in by the next one:
  // what was broken off stays so in this process, as a deleted copy stays deleted.
  const uint64_t batch = journal_.append(records);
  for (const auto& lun : broken) lun->family().touched_by_record(batch);
  Status durable = co_await journal_.commit(batch);
  if (!durable.ok()) co_return durable;
  co_return guids;
}

}  // namespace holdfast
