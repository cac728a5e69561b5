// Shadow copies go: at once for whoever asks, for good when the record of it cannot be lost.

#include <algorithm>
#include <utility>

#include "array/storage_array.h"
#include "base/planted.h"

namespace holdfast {

void StorageArray::remove_view(Family& family, const View& view) {
  family.branches().remove_head(view);
  family.collect_after(view);
}

Task<Status> StorageArray::delete_copies(std::vector<Guid> snapshots) {
  Status usable = closed_or_broken();
  if (!usable.ok()) co_return usable;
  co_return co_await remove_copies(std::move(snapshots));
}

Task<Status> StorageArray::remove_copies(std::vector<Guid> snapshots) {
  std::vector<std::shared_ptr<Lun>> doomed;
  for (const Guid& snapshot : snapshots) {
    auto found = copies_.find(snapshot);
    if (found == copies_.end() || found->second->state() == Lun::State::gone) continue;
    found->second->retire(Lun::State::gone);  // so that an id named twice counts once
    doomed.push_back(found->second);
  }
  if (doomed.empty()) co_return Status(Code::object_not_found, "the array has none of these shadow copies");
  const Running running(*this);
  co_await requests_ended(doomed);
  std::vector<Guid> guids;
  for (const auto& lun : doomed) guids.push_back(lun->guid());
  std::vector<uint8_t> record;
  encode_copies_removed(record, guids);
  const uint64_t batch = take_away(doomed, record);
  co_return co_await taken_away(doomed, batch);
}

// Of copies that answer nobody any more.
Task<void> StorageArray::requests_ended(const std::vector<std::shared_ptr<Lun>>& doomed) {
  for (const auto& lun : doomed) {
    while (is_switching(*lun)) co_await changed_.wait();
    if (Plex* plex = plex_in_progress(*lun)) plex->cancel(lun->why_unreadable());
    co_await lun->drained();
  }
}

// In one turn. A copy's versions stay protected until its removal cannot be lost any more: a crash before that brings
// it back.
uint64_t StorageArray::take_away(const std::vector<std::shared_ptr<Lun>>& doomed, std::span<const uint8_t> record) {
  const uint64_t batch = journal_.append(record);
  for (const auto& lun : doomed) {
    lun->family().touched_by_record(batch);
    drop_copy(lun);
    removals_.push_back(Removal{batch, &lun->family(), lun->record().view});
  }
  forget_lost_members();
  return batch;
}

Task<Status> StorageArray::taken_away(const std::vector<std::shared_ptr<Lun>>& doomed, uint64_t batch) {
  if (planted(PlantedBug::early_home)) settle_removals();
  Status durable = co_await journal_.commit(batch);
  settle_removals();
  for (const auto& lun : doomed) {
    plexes_.erase(lun->guid());
    doom_if_empty(lun->family());
  }
  co_return durable;
}

// Copies that are none any more leave their sets, and sets that are empty go.
void StorageArray::forget_lost_members() {
  for (auto& [id, set] : sets_) {
    if (set->state < SetState::recorded) continue;
    std::erase_if(set->copies, [&](const ShadowCopy& copy) { return copies_.count(copy.ids.snapshot) == 0; });
  }
  std::erase_if(sets_, [](const auto& entry) {
    return entry.second->copies.empty() && entry.second->state >= SetState::recorded;
  });
}

// What could not be made durable at once is settled by the next deletion or checkpoint, or by the next opening.
void StorageArray::settle_removals() {
  std::erase_if(removals_, [&](const Removal& removal) {
    if (removal.batch > journal_.durable_through() && !planted(PlantedBug::early_home)) return false;
    remove_view(*removal.family, removal.view);
    return true;
  });
}

}  // namespace holdfast
