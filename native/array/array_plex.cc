// Copies that are filled in full: begun before their set, captured with it, and moved into files of their own
// afterwards.

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "array/plex.h"
#include "array/storage_array.h"

namespace holdfast {

// Its record comes first: files that no record names would stay for ever after a crash.
Family& StorageArray::add_plex_family(const Guid& copy, uint64_t size_bytes) {
  FamilyRecord record;
  record.family = next_family_++;
  record.original = copy;
  record.root_branch = next_branch_++;
  record.base_bytes = size_bytes;
  record.discardable = true;
  auto family = std::make_unique<Family>(loop_, journal_, record);
  family->keep_free_units(thresholds_.kept_units_min);
  std::vector<uint8_t> records;
  encode(records, record);
  family->touched_by_record(journal_.append(records));
  return *(families_[record.family] = std::move(family));
}

Task<Status> StorageArray::make_plex_files(Family& family) {
  const Guid copy = family.record().original;
  Status status = co_await journal_.commit(journal_.open_sequence());
  if (!status.ok()) co_return status;
  Result<int> base = co_await files_.open(files_.base(copy), O_RDWR | O_CREAT | O_EXCL, manifest_.mode);
  if (!base.ok()) co_return base.status();
  family.set_files(base.value(), -1);
  Result<int> area = co_await files_.open(files_.area(copy), O_RDWR | O_CREAT | O_EXCL, manifest_.mode);
  if (!area.ok()) co_return area.status();
  family.set_files(base.value(), area.value());
  family.data_written(true);
  status = co_await files_.truncate(base.value(), family.base_bytes(), files_.base(copy));
  if (status.ok()) status = co_await files_.sync_directory(files_.base_directory());
  if (status.ok()) status = co_await files_.sync_directory(files_.area_directory());
  co_return status;
}

Task<Status> StorageArray::begin_plex(Guid set, OwnerId owner, ArmCopy ids) {
  const Running running(*this);
  Status usable = closed_or_broken();
  if (!usable.ok()) co_return usable;
  const std::shared_ptr<Lun> source = find_lun(ids.source);
  if (source == nullptr) co_return Status(Code::lun_not_found, "the array has no LUN " + ids.source.to_string());
  if (plex_in_progress(*source) != nullptr) {
    co_return Status(Code::snapshot_set_in_progress, source->describe() + " is being copied in full");
  }
  Status in_use = why_in_use(source);
  if (in_use.ok() && changing_families_.count(source->record().family) != 0) {
    in_use = Status(Code::lun_in_use, source->describe() + " is of a family that is being changed");
  }
  if (!in_use.ok()) co_return in_use;
  if (find_lun(ids.copy) != nullptr || plexes_.count(ids.copy) != 0 || copies_.count(ids.snapshot) != 0) {
    co_return Status(Code::object_already_exists, "LUN or shadow copy " + ids.copy.to_string() + " exists already");
  }
  Family& family = add_plex_family(ids.copy, source->size_bytes());
  auto plex = std::make_shared<Plex>(loop_, changed_, set, owner, ids, source, family);
  plexes_[ids.copy] = plex;
  Status made = co_await make_plex_files(family);
  if (made.ok()) made = co_await plex->reserve();
  if (made.ok() && plex->is_cancelled()) made = plex->failure();
  if (!made.ok()) {
    plex->cancel(made);
    co_await discard_plex(*plex);
    plexes_.erase(ids.copy);
    changed_.notify_all();
    co_return made;
  }
  ++tasks_running_;
  loop_.spawn(run_plex(std::move(plex)));
  co_return Status();
}

Task<void> StorageArray::run_plex(std::shared_ptr<Plex> plex) {
  Status status = co_await plex->prefill();
  while (status.ok()) {
    status = co_await plex->catch_up();
    if (!status.ok()) break;
    Result<bool> is_complete = co_await complete_plex(*plex);
    if (is_complete.ok() && is_complete.value()) break;
    status = is_complete.status();
  }
  if (!status.ok()) {
    plex->cancel(status);
    co_await discard_plex(*plex);
  }
  // A failure is told when the set is armed, and with the copy if there is one; nobody asks after what was ended.
  plex->ended = true;
  const bool is_gone = plex->copy() != nullptr && plex->copy()->state() != Lun::State::open;
  if (status.ok() || is_gone || plex->unwanted) plexes_.erase(plex->ids().copy);
  --tasks_running_;
  changed_.notify_all();
}

// True: the copy is independent. False: something was written meanwhile.
Task<Result<bool>> StorageArray::complete_plex(Plex& plex) {
  const std::shared_ptr<Lun> copy = plex.copy();
  // Until its set is recorded the copy is not there; and a walk over it would not find its way in another family.
  while (!plex.is_cancelled() && (find_lun(copy->guid()) != copy || is_walked(*copy))) co_await changed_.wait();
  if (plex.is_cancelled()) co_return plex.failure();
  Status synced = co_await plex.family().sync();
  if (!synced.ok()) co_return synced;
  plex.switching = true;
  copy->pause();
  co_await copy->drained();
  Result<bool> done = false;
  if (plex.is_cancelled()) {
    done = plex.failure();
  } else if (copy->state() != Lun::State::open) {
    done = copy->why_unreadable();
  } else if (plex.is_whole() && !is_walked(*copy)) {
    done = co_await switch_to_plex(plex);
  }
  copy->resume();
  plex.switching = false;
  changed_.notify_all();
  co_return done;
}

// What is flushed from here on rests on the record; what was not is in the former family as well.
Task<Result<bool>> StorageArray::switch_to_plex(Plex& plex) {
  const std::shared_ptr<Lun> copy = plex.copy();
  Family& former_family = copy->family();
  const View former = copy->record().view;
  Family& family = plex.family();
  plex.stop_noting();
  copy->move_to(family, View{ViewEntry{family.record().root_branch, kNoLimit}});
  std::vector<uint8_t> record;
  encode(record, copy->present_record());
  const uint64_t batch = journal_.append(record);
  family.touched_by_record(batch);
  former_family.touched_by_record(batch);
  Status durable = co_await journal_.commit(batch);
  if (durable.ok()) {
    give_diff_areas();  // what is written to its own copies is no concern of its source any more
    removals_.push_back(Removal{batch, &former_family, former});
    settle_removals();
    co_return true;
  }
  // The record may still reach the disk, so its opposite follows it.
  family.branches().remove_head(copy->record().view);
  copy->move_back(former_family, former);
  std::vector<uint8_t> opposite;
  encode(opposite, copy->present_record());
  former_family.touched_by_record(journal_.append(opposite));
  co_return durable;
}

Task<void> StorageArray::discard_plex(Plex& plex) {
  plex.stop_noting();
  const uint64_t batch = doom(plex.family());
  co_await retire_family(plex.family());
  (void)co_await journal_.commit(batch);
  co_await remove_doomed_files();
}

// Its files go when the record that says so cannot be lost; until then recovery would discard them.
uint64_t StorageArray::doom(Family& family) {
  std::vector<uint8_t> record;
  encode_family_deleted(record, family.id(), family.record().original);
  const uint64_t batch = journal_.append(record);
  doomed_families_.push_back(DoomedFamily{family.id(), family.record().original, batch});
  std::erase_if(removals_, [&](const Removal& removal) { return removal.family == &family; });
  return batch;
}

// A family that was made for a plex has no life of its own.
void StorageArray::doom_if_empty(Family& family) {
  if (!family.record().discardable || has_set_in_progress(family)) return;
  for (const DoomedFamily& doomed : doomed_families_) {
    if (doomed.family == family.id()) return;
  }
  for (const auto& [guid, lun] : luns_) {
    if (&lun->family() == &family) return;
  }
  ++tasks_running_;
  loop_.spawn(run_retire(&family, doom(family)));
}

Task<void> StorageArray::run_retire(Family* family, uint64_t batch) {
  co_await retire_family(*family);
  (void)co_await journal_.commit(batch);
  co_await remove_doomed_files();
  --tasks_running_;
  changed_.notify_all();
}

void StorageArray::cancel_plexes_of(const Guid& set, const Status& why) {
  for (const auto& [copy, plex] : plexes_) {
    if (plex->set() != set) continue;
    plex->unwanted = true;
    if (!plex->is_cancelled()) plex->cancel(why);
  }
  forget_unwanted_plexes();
}

void StorageArray::forget_unwanted_plexes() {
  std::erase_if(plexes_, [](const auto& entry) { return entry.second->ended && entry.second->unwanted; });
}

void StorageArray::cancel_all_plexes() {
  const Status why(Code::array_closed, files_.path() + " was closed before the copy was filled");
  for (const auto& [copy, plex] : plexes_) {
    if (!plex->is_cancelled()) plex->cancel(why);
  }
}

Plex* StorageArray::plex_in_progress(const Lun& lun) const {
  for (const auto& [copy, plex] : plexes_) {
    if (plex->is_cancelled()) continue;
    if (plex->copy().get() == &lun || (plex->copy() == nullptr && plex->source().get() == &lun)) return plex.get();
  }
  return nullptr;
}

Task<Status> StorageArray::await_ready_plexes(ShadowSet& set) {
  for (ShadowCopy& copy : set.copies) {
    const auto found = plexes_.find(copy.ids.copy);
    if (found == plexes_.end()) continue;
    const std::shared_ptr<Plex> plex = copy.plex = found->second;
    while (!plex->is_ready() && !plex->is_cancelled() && !set.abort_wanted) co_await changed_.wait();
    if (set.abort_wanted) co_return Status(Code::cancelled, "the set was aborted while it was armed");
    if (plex->is_cancelled()) co_return plex->failure();
    Status room = co_await plex->reserve_dirty();
    if (!room.ok()) co_return room;
  }
  co_return Status();
}

Task<Status> StorageArray::await_plex(Guid copy) {
  const Running running(*this);
  const auto found = plexes_.find(copy);
  if (found == plexes_.end()) co_return Status();
  const std::shared_ptr<Plex> plex = found->second;
  for (;;) {
    if (plex->is_cancelled()) co_return plex->failure();
    const auto still = plexes_.find(copy);
    if (still == plexes_.end() || still->second != plex) co_return Status();
    co_await changed_.wait();
  }
}

bool StorageArray::is_switching(const Lun& lun) const {
  return std::any_of(plexes_.begin(), plexes_.end(),
                     [&](const auto& entry) { return entry.second->switching && entry.second->copy().get() == &lun; });
}

std::optional<PlexProgress> StorageArray::plex_progress(const Guid& copy) const {
  const auto found = plexes_.find(copy);
  if (found == plexes_.end()) return std::nullopt;
  return found->second->progress();
}

bool StorageArray::is_walked(const Lun& lun) const {
  const auto walks_over = [&](const auto& entry) { return entry.second.walk->concerns(lun); };
  const auto reads = [&](const auto& entry) { return entry.second.resync->reads(lun); };
  return std::any_of(walks_.begin(), walks_.end(), walks_over) || std::any_of(resyncs_.begin(), resyncs_.end(), reads);
}

}  // namespace holdfast
