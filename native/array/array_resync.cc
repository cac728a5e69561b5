// Resyncs: begun, gone on with and ended by whoever began them, or with them; and what is remembered of the content of
// a LUN that has been resynchronized.

#include <algorithm>
#include <utility>

#include "array/resync.h"
#include "array/storage_array.h"

namespace holdfast {

Status StorageArray::why_no_resync(const Lun& destination, const std::shared_ptr<Lun>& copy) const {
  if (copy == nullptr) return Status(Code::lun_not_found, "the array has no such shadow copy");
  if (!copy->is_copy()) {
    return Status(Code::invalid_argument, copy->describe() + " is no shadow copy; take one of it and resync from that");
  }
  if (copy->state() != Lun::State::open) {
    return Status(Code::copy_gone, copy->describe() + " is closed or being deleted");
  }
  if (copy->size_bytes() > destination.size_bytes()) {
    return Status(Code::lun_size, copy->describe() + " is larger than " + destination.describe() + "; grow that first");
  }
  if (copy->record().view.size() >= kViewDepthMax) {
    return Status(Code::maximum_number_of_snapshots_reached,
                  copy->describe() + " is a copy of a copy, 512 deep; nothing can be resynchronized from it");
  }
  return Status();
}

bool StorageArray::is_resyncing(const Lun& lun) const {
  return std::any_of(resyncs_.begin(), resyncs_.end(),
                     [&](const auto& entry) { return entry.second.resync->destination().get() == &lun; });
}

Task<Result<ResyncProgress>> StorageArray::begin_resync(OwnerId owner, ResyncOrder order) {
  const Running running(*this);
  Result<std::shared_ptr<Lun>> found = co_await lun_to_change(order.destination, "break it off first");
  if (!found.ok()) co_return found.status();
  const std::shared_ptr<Lun> destination = found.take();
  const LifeChange change(*this, *destination);
  const std::shared_ptr<Lun> copy = find_lun(order.copy);
  Status status = why_no_resync(*destination, copy);
  if (!status.ok()) co_return status;
  const LunMapping* writer = destination->mappings().writer();
  if (writer != nullptr) {
    co_return Status(Code::lun_in_use, destination->describe() + " is mapped to host " + writer->host_name +
                                           ", which may write to it; unmap it there first");
  }
  destination->begin_change();
  co_await destination->drained();
  EndsPlan plan;
  status = co_await plan_resync(destination, copy, order.original_identity, &plan);
  const bool is_own_family = destination->record().family == copy->record().family;
  std::shared_ptr<Lun> base = resync_base(*destination, *copy);
  if (status.ok() && is_own_family) {
    status = co_await see_as(destination, copy, std::move(plan.patches));
  } else if (status.ok()) {
    status = co_await record_content(destination, Content::partial, copy->guid());
  }
  if (status.ok()) status = closed_or_broken();
  if (!status.ok() || is_own_family) {
    if (destination->state() == Lun::State::changing) destination->reinstate();
    if (!status.ok()) co_return status;
    ResyncProgress done;
    done.done_bytes = done.total_bytes = destination->size_bytes();
    co_return done;
  }
  // While it was recorded, a copy that is being filled in full may have become independent; from now on it waits.
  if (base != nullptr && base->record().family != copy->record().family) base = nullptr;
  const ResyncId id = next_resync_++;
  auto resync = std::make_shared<Resync>(loop_, destination, copy, base, std::move(plan));
  ResyncProgress begun = resync->progress();
  begun.id = id;
  resyncs_[id] = RunningResync{owner, std::move(resync), false};
  co_return begun;
}

// The original is the copy as it was taken, before anybody wrote to it: what it sees behind its own branch. One that
// was filled in full sees nothing but itself; then the original is what it is now, if it is there.
Task<Status> StorageArray::plan_resync(std::shared_ptr<Lun> destination, std::shared_ptr<Lun> copy,
                                       bool original_identity, EndsPlan* plan) {
  Status status = closed_or_broken();
  if (!status.ok()) co_return status;
  if (copy->family().record().original == copy->guid()) {
    const std::shared_ptr<Lun> source = find_lun(copy->record().source);
    co_return co_await plan_ends(*destination, *copy, source.get(), original_identity, plan);
  }
  LunRecord record = copy->record();
  record.view.front() = ViewEntry{next_branch_++, kNoLimit};
  record.epoch = 0;
  Family& family = copy->family();
  Lun pristine(loop_, leases_, family, record);
  status = co_await plan_ends(*destination, *copy, &pristine, original_identity, plan);
  remove_view(family, record.view);
  co_return status;
}

// A unit that the earlier copy has written itself differs from every copy that does not see its branch; one that does
// see it may have been taken after bytes were written that the destination never got.
std::shared_ptr<Lun> StorageArray::resync_base(const Lun& destination, const Lun& copy) const {
  if (destination.record().content != Content::copied) return nullptr;
  std::shared_ptr<Lun> base = find_lun(destination.record().content_of);
  if (base == nullptr || !base->is_copy() || base->state() != Lun::State::open) return nullptr;
  if (base->record().family != copy.record().family || base->size_bytes() > copy.size_bytes()) return nullptr;
  const BranchId own = base->record().view.front().branch;
  const View& view = copy.record().view;
  const bool sees_it =
      std::any_of(view.begin(), view.end(), [&](const ViewEntry& entry) { return entry.branch == own; });
  return sees_it ? nullptr : base;
}

Task<Status> StorageArray::record_content(std::shared_ptr<Lun> lun, Content content, Guid content_of) {
  const LunRecord former = lun->record();
  std::vector<uint8_t> record;
  lun->set_content(content, content_of);
  encode(record, lun->present_record());
  const uint64_t batch = journal_.append(record);
  lun->family().touched_by_record(batch);
  Status durable = co_await journal_.commit(batch);
  if (durable.ok()) {
    if (content != Content::copied) lun->content_taken_back(durable);
    co_return durable;
  }
  lun->set_content(former.content, former.content_of);
  std::vector<uint8_t> opposite;
  encode(opposite, lun->present_record());
  (void)journal_.append(opposite);
  co_return durable;
}

Task<Result<ResyncProgress>> StorageArray::continue_resync(OwnerId owner, ResyncId id, uint64_t bytes_max) {
  Status status = closed_or_broken();
  if (!status.ok()) co_return status;
  const auto found = resyncs_.find(id);
  if (found == resyncs_.end() || found->second.owner != owner || found->second.busy) {
    co_return Status(Code::bad_state, "the resync has ended, or is under way");
  }
  const Running running(*this);
  found->second.busy = true;
  const std::shared_ptr<Resync> resync = found->second.resync;
  status = co_await resync->advance(bytes_max);
  const bool is_last = resync->has_copied();
  if (status.ok() && is_last) status = co_await finish_resync(resync);
  const auto still = resyncs_.find(id);
  if (still != resyncs_.end()) still->second.busy = false;
  changed_.notify_all();
  if (!status.ok() || is_last) let_go_of_resync(id);
  if (!status.ok()) co_return status;
  ResyncProgress progress = resync->progress();
  progress.id = is_last ? 0 : id;
  co_return progress;
}

Task<Status> StorageArray::finish_resync(std::shared_ptr<Resync> resync) {
  Status status = co_await resync->write_ends();
  if (!status.ok()) co_return status;
  const std::shared_ptr<Lun> destination = resync->destination();
  watch_content(destination);
  co_return co_await record_content(destination, Content::copied, resync->copy()->guid());
}

Task<Status> StorageArray::end_resync(OwnerId owner, ResyncId id) {
  const Running running(*this);
  for (;;) {
    const auto found = resyncs_.find(id);
    if (found == resyncs_.end() || found->second.owner != owner) co_return Status();
    if (!found->second.busy) break;
    found->second.resync->stop();
    co_await changed_.wait();
  }
  let_go_of_resync(id);
  co_return Status();
}

void StorageArray::let_go_of_resync(ResyncId id) {
  const auto found = resyncs_.find(id);
  if (found == resyncs_.end()) return;
  const std::shared_ptr<Lun> destination = found->second.resync->destination();
  resyncs_.erase(found);
  if (destination->state() == Lun::State::changing) destination->reinstate();
  changed_.notify_all();
}

void StorageArray::end_resyncs_of(OwnerId owner) {
  std::vector<ResyncId> owned;
  for (const auto& [id, running] : resyncs_) {
    if (running.owner == owner) owned.push_back(id);
  }
  for (const ResyncId id : owned) loop_.spawn(run_end_resync(owner, id));
}

Task<void> StorageArray::run_end_resync(OwnerId owner, ResyncId id) { (void)co_await end_resync(owner, id); }

void StorageArray::watch_content(const std::shared_ptr<Lun>& lun) {
  lun->on_first_write([this, known = std::weak_ptr<Lun>(lun)] {
    const std::shared_ptr<Lun> written = known.lock();
    if (written != nullptr) loop_.spawn(take_back_content(written));
  });
}

// A crash finds the record, or no write that it would be wrong about.
Task<void> StorageArray::take_back_content(std::shared_ptr<Lun> lun) {
  const Running running(*this);
  Status durable = co_await record_content(lun, Content::own, Guid());
  if (!durable.ok()) lun->content_taken_back(durable);
}

}  // namespace holdfast
