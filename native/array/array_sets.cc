// Shadow copy sets: arming, the capture inside the hold, the record that makes a set, and every way to its end.

#include <algorithm>
#include <cassert>
#include <utility>

#include "array/lun_access.h"
#include "array/storage_array.h"
#include "base/planted.h"
#include "disk/layout.h"
#include "disk/vss_flags.h"

namespace holdfast {
namespace {

constexpr size_t kCopiesOfLunMax = 512;

Status no_such_set(const Guid& set) {
  return Status(Code::object_not_found, "the array knows no shadow copy set " + set.to_string());
}

}  // namespace

std::vector<Family*> StorageArray::families_of(const ShadowSet& set) {
  std::vector<Family*> families;
  for (const ShadowCopy& copy : set.copies) {
    Family* family = &copy.source->family();
    if (std::find(families.begin(), families.end(), family) == families.end()) families.push_back(family);
  }
  return families;
}

Task<Status> StorageArray::arm_set(ArmRequest request) {
  Status usable = closed_or_broken();
  if (!usable.ok()) co_return usable;
  const Running running(*this);
  if (request.copies.empty()) co_return Status(Code::invalid_argument, "a set needs at least one LUN");
  if (request.copies.size() > kSetLunsMax) {
    co_return Status(Code::maximum_number_of_volumes_reached, "a set has at most 64 LUNs");
  }
  if (sets_.count(request.set) != 0) {
    co_return Status(Code::object_already_exists, "set " + request.set.to_string() + " exists already");
  }
  auto owned = std::make_unique<ShadowSet>();
  ShadowSet& set = *owned;
  set.owner = request.owner;
  set.record.set = request.set;
  set.record.context = request.context;
  set.record.auto_release = request.auto_release;
  set.record.vss_flags = request.vss_flags;
  set.record.created_at_filetime = request.created_at_filetime;
  set.record.copies_at_creation = static_cast<uint32_t>(request.copies.size());
  for (const ArmCopy& ids : request.copies) {
    std::shared_ptr<Lun> source = find_lun(ids.source);
    if (source == nullptr) co_return Status(Code::lun_not_found, "the array has no LUN " + ids.source.to_string());
    if (source->state() != Lun::State::open) co_return Status(Code::lun_closed, source->describe() + " is closed");
    if (find_lun(ids.copy) != nullptr) {
      co_return Status(Code::object_already_exists, "LUN " + ids.copy.to_string() + " exists already");
    }
    for (const ShadowCopy& other : set.copies) {
      if (other.source == source || other.ids.copy == ids.copy || other.ids.snapshot == ids.snapshot) {
        co_return Status(Code::object_already_exists, source->describe() + " or its copy is in the set twice");
      }
    }
    if (copies_.count(ids.snapshot) != 0) {
      co_return Status(Code::object_already_exists, "shadow copy " + ids.snapshot.to_string() + " exists already");
    }
    if (source->record().view.size() >= kViewDepthMax) {
      co_return Status(Code::maximum_number_of_snapshots_reached,
                       source->describe() + " is a copy of a copy, 512 deep; no deeper one can be taken");
    }
    const Plex* filling = plex_in_progress(*source);
    if (filling != nullptr && filling->set() != request.set) {
      co_return Status(Code::snapshot_set_in_progress, source->describe() + " is being copied in full");
    }
    if (source->copy_count() >= kCopiesOfLunMax) {
      co_return Status(Code::maximum_number_of_snapshots_reached, source->describe() + " has 512 shadow copies");
    }
    for (const auto& [id, other] : sets_) {
      if (other->state >= SetState::recorded) continue;
      for (const ShadowCopy& copy : other->copies) {
        if (copy.source == source) {
          co_return Status(Code::snapshot_set_in_progress, source->describe() + " is part of another set in progress");
        }
      }
    }
    set.copies.push_back(ShadowCopy{ids, next_branch_++, std::move(source), nullptr, {}});
  }
  sets_[request.set] = std::move(owned);

  Status synced = co_await await_ready_plexes(set);
  // What is dirty now need not be synced while the writers are frozen.
  if (synced.ok()) synced = co_await sync_families(families_of(set));
  if (synced.ok() && set.abort_wanted) synced = Status(Code::cancelled, "the set was aborted while it was armed");
  if (!synced.ok()) {
    cancel_plexes_of(request.set, synced);
    sets_.erase(request.set);
    changed_.notify_all();
    co_return synced;
  }
  for (const ShadowCopy& copy : set.copies) copy.source->set_pending_vss_flags(set.record.vss_flags);
  set.state = SetState::armed;
  changed_.notify_all();
  co_return Status();
}

void StorageArray::hold(Guid set_id, OwnerId owner, std::vector<Guid> lun_ids, int64_t limit_nanos,
                        bool await_writes_in_flight, std::function<void(Result<LeaseId>)> held) {
  if (closing_) return held(Status(Code::array_closed, files_.path() + " is closed"));
  HoldRequest request;
  request.set = set_id;
  request.owner = owner;
  request.limit_nanos = limit_nanos;
  request.await_writes_in_flight = await_writes_in_flight;
  for (const Guid& id : lun_ids) {
    std::shared_ptr<Lun> lun = find_lun(id);
    if (lun == nullptr) return held(Status(Code::lun_not_found, "the array has no LUN " + id.to_string()));
    if (lun->state() != Lun::State::open) return held(Status(Code::lun_closed, lun->describe() + " is closed"));
    if (std::find(request.luns.begin(), request.luns.end(), lun.get()) != request.luns.end()) continue;
    request.luns.push_back(lun.get());
  }
  auto found = sets_.find(set_id);
  if (found != sets_.end()) {
    if (found->second->state != SetState::armed) {
      return held(Status(Code::bad_state, "set " + set_id.to_string() + " is not armed"));
    }
    for (const ShadowCopy& copy : found->second->copies) {
      if (std::find(request.luns.begin(), request.luns.end(), copy.source.get()) == request.luns.end()) {
        return held(Status(Code::invalid_argument, copy.source->describe() + " is armed and not among those to hold"));
      }
    }
  }
  request.at_instant = [this, set_id]() {
    auto armed = sets_.find(set_id);
    return armed == sets_.end() ? Status() : capture(*armed->second);
  };
  request.ended = [this, set_id](const Verdict& verdict) {
    auto captured = sets_.find(set_id);
    if (captured == sets_.end()) return;
    if (verdict.held_throughout) {
      captured->second->released = true;
    } else if (captured->second->state == SetState::armed || captured->second->state == SetState::captured) {
      discard(*captured->second);
    }
  };
  request.held = std::move(held);
  leases_.hold(std::move(request));
}

// In one turn, for every LUN of the set. Nothing here depends on how large a LUN is or how many copies it has.
Status StorageArray::capture(ShadowSet& set) {
  if (set.state != SetState::armed) {
    return Status(Code::bad_state, "set " + set.record.set.to_string() + " is not armed");
  }
  for (const ShadowCopy& copy : set.copies) {
    if (copy.plex != nullptr && copy.plex->is_cancelled()) return copy.plex->failure();
  }
  for (ShadowCopy& copy : set.copies) {
    LunRecord record;
    record.guid = copy.ids.copy;
    record.family = copy.source->family().id();
    record.size_bytes = copy.source->size_bytes();
    record.view = copy.source->cut(copy.branch, &copy.old_writes);
    record.snapshot = copy.ids.snapshot;
    record.source = copy.ids.source;
    copy.lun = std::make_shared<Lun>(loop_, leases_, copy.source->family(), record);
    give_diff_area(copy.lun);
    copy.source->set_pending_vss_flags(0);
    if (copy.plex != nullptr) copy.plex->captured(copy.lun);
  }
  set.state = SetState::captured;
  return Status();
}

void StorageArray::add_copy(const std::shared_ptr<Lun>& copy) {
  luns_[copy->guid()] = copy;
  copies_[copy->record().snapshot] = copy;
  if (std::shared_ptr<Lun> source = find_lun(copy->record().source)) source->count_copies(1);
}

void StorageArray::drop_copy(const std::shared_ptr<Lun>& copy) {
  luns_.erase(copy->guid());
  copies_.erase(copy->record().snapshot);
  if (std::shared_ptr<Lun> source = find_lun(copy->record().source)) source->count_copies(-1);
}

// Takes back a set that no record names.
void StorageArray::discard(ShadowSet& set) {
  for (ShadowCopy& copy : set.copies) {
    if (set.state < SetState::captured) copy.source->set_pending_vss_flags(0);
    if (copy.lun == nullptr) continue;
    copy.lun->retire(Lun::State::gone);
    remove_view(copy.lun->family(), copy.lun->record().view);
    copy.lun = nullptr;
  }
  cancel_plexes_of(set.record.set, Status(Code::cancelled, "the set was not made"));
  set.state = SetState::gone;
  const std::vector<Family*> families = families_of(set);
  sets_.erase(set.record.set);
  for (Family* family : families) doom_if_empty(*family);
  changed_.notify_all();
}

Task<Status> StorageArray::await_old_writes(ShadowSet& set) {
  for (ShadowCopy& copy : set.copies) {
    for (const std::shared_ptr<EpochWrites>& epoch : copy.old_writes) {
      while (epoch->in_flight_count > 0) co_await copy.source->changed().wait();
      if (!epoch->failure.ok()) {
        co_return Status(epoch->failure.code(), "a write that belongs to the set failed: " + epoch->failure.message(),
                         epoch->failure.error_number(), epoch->failure.offset_bytes());
      }
    }
    copy.old_writes.clear();
  }
  co_return Status();
}

Task<Status> StorageArray::write_vss_flags(ShadowSet& set) {
  if (set.record.vss_flags == 0) co_return Status();
  for (ShadowCopy& copy : set.copies) {
    LunAccess access(*copy.lun);
    Result<DiskEnds> ends = co_await access.read_ends();
    if (!ends.ok()) co_return ends.status();
    const DiskView view = ends.value().view();
    Result<DiskLayout> layout = read_layout(view);
    // A LUN without a table that can be read has no attribute bits; what it holds is copied as it is.
    if (!layout.ok() || layout.value().kind == LayoutKind::none) continue;
    const uint64_t allowed = vss_flags_for_copy(layout.value()) & set.record.vss_flags;
    Result<std::vector<Patch>> patches = set_vss_flags(view, allowed, 0);
    if (!patches.ok()) continue;
    for (const Patch& patch : patches.value()) {
      Status written = co_await access.write(patch.offset_bytes, patch.bytes);
      if (!written.ok()) co_return written;
    }
  }
  co_return Status();
}

Task<Status> StorageArray::record_captured(ShadowSet& set) {
  Status whole = co_await await_old_writes(set);
  if (!whole.ok()) co_return whole;
  whole = co_await write_vss_flags(set);
  if (!whole.ok()) co_return whole;
  if (!planted(PlantedBug::set_before_data)) whole = co_await sync_families(families_of(set));
  if (!whole.ok()) co_return whole;
  if (set.abort_wanted) co_return Status(Code::cancelled, "the set was aborted");
  std::vector<uint8_t> record;
  encode(record, present_set(set));
  const uint64_t batch = journal_.append(record);
  set.state = SetState::recorded;
  for (Family* family : families_of(set)) family->touched_by_record(batch);
  for (ShadowCopy& copy : set.copies) add_copy(copy.lun);
  co_return co_await journal_.commit(batch);
}

Task<Status> StorageArray::record_set(Guid id) {
  auto found = sets_.find(id);
  if (found == sets_.end()) co_return no_such_set(id);
  ShadowSet& set = *found->second;
  if (set.state != SetState::captured || !set.released) {
    co_return Status(Code::bad_state, "set " + id.to_string() + " has not been captured, or its hold still stands");
  }
  set.state = SetState::recording;
  const Running running(*this);
  Status recorded = co_await record_captured(set);
  if (sets_.count(id) == 0) {
    // From the appending of its record on, the set may be deleted like any other.
    if (recorded.ok()) recorded = Status(Code::cancelled, "the set was deleted while it was being recorded");
  } else if (!recorded.ok()) {
    if (set.state == SetState::recorded) {
      co_await remove_recorded(set);
    } else {
      co_await drain_copies(set);
      discard(set);
    }
  }
  co_return recorded;
}

Task<Status> StorageArray::finish_set(Guid id, std::string note) {
  auto found = sets_.find(id);
  if (found == sets_.end()) co_return no_such_set(id);
  ShadowSet& set = *found->second;
  if (set.state != SetState::recorded && set.state != SetState::created) {
    co_return Status(Code::bad_state, "set " + id.to_string() + " is not recorded");
  }
  if (note.size() > (256u << 10)) co_return Status(Code::invalid_argument, "the note of a set has at most 256 KiB");
  const Running running(*this);
  const SetState former_state = std::exchange(set.state, SetState::created);
  std::string former_note = std::exchange(set.record.note, note);
  std::vector<uint8_t> record;
  encode_set_created(record, id, note);
  Status durable = co_await journal_.commit(journal_.append(record));
  if (durable.ok()) co_return durable;
  // Whoever hears of the failure aborts an unfinished set, which has to be found unfinished.
  found = sets_.find(id);
  if (found != sets_.end() && found->second->state == SetState::created) {
    found->second->state = former_state;
    found->second->record.note = std::move(former_note);
  }
  co_return durable;
}

Task<void> StorageArray::drain_copies(ShadowSet& set) {
  for (ShadowCopy& copy : set.copies) {
    if (copy.lun == nullptr) continue;
    copy.lun->retire(Lun::State::gone);
    co_await copy.lun->drained();
  }
}

Task<Status> StorageArray::abort_set(Guid id) {
  auto found = sets_.find(id);
  if (found != sets_.end() && found->second->state == SetState::created) co_return Status();
  cancel_plexes_of(id, Status(Code::cancelled, "the set was aborted"));
  if (found == sets_.end()) co_return Status();
  co_return co_await end_set(id);
}

// Ends a set in whatever state it is, and returns when nothing of it is left.
Task<Status> StorageArray::end_set(Guid id) {
  for (;;) {
    auto found = sets_.find(id);
    if (found == sets_.end()) co_return Status();
    ShadowSet& set = *found->second;
    if (set.state == SetState::arming || set.state == SetState::recording) {
      set.abort_wanted = true;
      co_await changed_.wait();
      continue;
    }
    if (set.state == SetState::recorded || set.state == SetState::created) co_return co_await remove_recorded(set);
    leases_.end_holds_of(id);
    if (sets_.count(id) != 0) discard(set);
    co_return Status();
  }
}

Task<Status> StorageArray::remove_recorded(ShadowSet& set) {
  std::vector<Guid> snapshots;
  for (const ShadowCopy& copy : set.copies) snapshots.push_back(copy.ids.snapshot);
  co_return co_await remove_copies(std::move(snapshots));
}

std::vector<SetRecord> StorageArray::list_sets() const {
  std::vector<SetRecord> list;
  for (const auto& [id, set] : sets_) {
    if (set->state == SetState::recorded || set->state == SetState::created) list.push_back(present_set(*set));
  }
  return list;
}

void StorageArray::owner_died(OwnerId owner) {
  end_resyncs_of(owner);
  std::erase_if(walks_, [&](const auto& entry) { return entry.second.owner == owner; });
  changed_.notify_all();
  for (const auto& [copy, plex] : plexes_) {
    if (plex->copy() != nullptr || plex->owner() != owner) continue;
    plex->unwanted = true;
    plex->cancel(Status(Code::cancelled, "its owner is gone"));
  }
  forget_unwanted_plexes();
  space_events_.end(owner);
  std::vector<Guid> owned;
  for (const auto& [id, set] : sets_) {
    if (set->owner == owner && (set->state != SetState::created || set->record.auto_release)) owned.push_back(id);
  }
  for (const Guid& id : owned) {
    ++tasks_running_;
    loop_.spawn(run_end_set(id));
  }
}

Task<void> StorageArray::run_end_set(Guid id) {
  (void)co_await end_set(id);
  --tasks_running_;
  changed_.notify_all();
}

Task<Status> StorageArray::drop_unfinished_sets() {
  std::vector<Guid> unfinished;
  for (const auto& [id, set] : sets_) {
    if (set->state != SetState::created || set->record.auto_release) unfinished.push_back(id);
  }
  for (const Guid& id : unfinished) {
    Status ended = co_await end_set(id);
    if (!ended.ok()) co_return ended;
  }
  co_return Status();
}

}  // namespace holdfast
