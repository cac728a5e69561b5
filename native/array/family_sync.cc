#include <algorithm>

#include "array/family.h"
#include "array/step_timer.h"
#include "base/planted.h"

namespace holdfast {
namespace {

constexpr size_t kFreedPerRound = 128;

struct TaskSyncWaiter : SyncWaiter {
  explicit TaskSyncWaiter(Family& family_) : family(family_) {
    done = [](SyncWaiter* waiter, const Status& outcome) {
      auto* self = static_cast<TaskSyncWaiter*>(waiter);
      self->status = outcome;
      self->handle.resume();
    };
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    handle = waiting;
    family.sync(*this);
  }
  Status await_resume() { return std::move(status); }

  Family& family;
  std::coroutine_handle<> handle;
  Status status;
};

}  // namespace

void Family::sync(SyncWaiter& waiter) {
  sync_waiters_.push_back(&waiter);
  start_sync_if_wanted();
}

Task<Status> Family::sync() { co_return co_await TaskSyncWaiter(*this); }

void Family::start_sync_if_wanted() {
  if (syncing_ || (sync_waiters_.empty() && !sync_wanted_)) return;
  syncing_ = true;
  loop_.spawn(run_syncs());
}

Task<void> Family::run_syncs() {
  while (!sync_waiters_.empty() || sync_wanted_) {
    sync_wanted_ = false;
    List<SyncWaiter> covered;
    covered.splice_back(sync_waiters_);
    const Status status = co_await sync_round();
    while (SyncWaiter* waiter = covered.pop_front()) waiter->done(waiter, status);
  }
  syncing_ = false;
  changed_.notify_all();
}

Task<Status> Family::sync_round() {
  if (!failure_.ok()) co_return failure_;
  const uint64_t this_sync = ++syncs_begun_;

  gathering_ = true;
  while (rewrites_in_flight_ > 0) co_await changed_.wait();
  // From here to the submission of the syncs nothing may come between: a record that joined the batch later would be
  // marked durable before its data are.
  const uint64_t batch = last_record_batch_;
  journal_.seal(batch);
  sync_issued_batch_ = std::max(sync_issued_batch_, batch);
  gathering_ = false;

  int running = 0;
  int64_t base_result = 0;
  int64_t area_result = 0;
  Status journal_result;
  if (base_dirty_ && !planted(PlantedBug::base_not_synced)) {
    base_dirty_ = false;
    ++running;
    loop_.spawn(sync_file(base_file_, &base_result, &running));
  }
  if (area_dirty_ && !planted(PlantedBug::area_not_synced)) {
    area_dirty_ = false;
    ++running;
    loop_.spawn(sync_file(area_file_, &area_result, &running));
  }
  if (batch > durable_mark_) {
    ++running;
    loop_.spawn(commit_journal(batch, &journal_result, &running));
  }
  while (running > 0) co_await changed_.wait();

  // What a failed sync was to make durable may be lost without a trace, and a second sync would not say so.
  if (base_result < 0) failure_ = Status::from_errno(static_cast<int>(-base_result), "syncing the base file");
  if (area_result < 0) failure_ = Status::from_errno(static_cast<int>(-area_result), "syncing the area file");
  if (!failure_.ok()) co_return failure_;
  if (!journal_result.ok()) co_return records_not_safe(journal_result);

  durable_mark_ = std::max(durable_mark_, batch);
  if (!recent_.empty() && (marks_said_.empty() || marks_said_.back().second < batch) && batch > mark_on_disk_) {
    std::vector<uint8_t> record;
    encode_durable(record, id(), planted(PlantedBug::early_mark) ? last_record_batch_ : batch);
    marks_said_.emplace_back(journal_.append(record), batch);
  }
  if (unmatched_batch_ > mark_on_disk_ && !marks_said_.empty()) {
    const Status marked = co_await journal_.commit(marks_said_.back().first);
    if (!marked.ok()) co_return records_not_safe(marked);
  }
  syncs_completed_ = this_sync;
  if (!freeing_) {
    freeing_ = true;
    loop_.spawn(run_freeing());
  }
  update_mark();
  co_return Status();
}

// The data are safe and the records are not: the next sync must go to the files again.
Status Family::records_not_safe(const Status& why) {
  if (journal_.broken()) failure_ = why;
  base_dirty_ = area_dirty_ = true;
  return why;
}

// Homes let go before a sync began that has completed; true if there may be more.
bool Family::free_some_homes(size_t count) {
  for (; count > 0; --count) {
    if (homes_let_go_order_.empty() || homes_let_go_order_.front().first >= syncs_completed_) return false;
    const auto [syncs_begun, unit] = homes_let_go_order_.front();
    homes_let_go_order_.pop_front();
    const auto found = homes_let_go_.find(unit);
    if (found != homes_let_go_.end() && found->second == syncs_begun) homes_let_go_.erase(found);
  }
  return true;
}

Task<void> Family::run_freeing() {
  StepTimer step(loop_, background_steps_);
  for (;;) {
    bool more = places_.release_pending(syncs_completed_ - 1, kFreedPerRound);
    if (free_some_homes(kFreedPerRound)) more = true;
    if (!more) break;
    if (!step.is_over()) continue;
    step.end();
    co_await Yield(loop_);
    step.begin();
  }
  step.end();
  freeing_ = false;
  trim_if_worthwhile();
  changed_.notify_all();
}

Task<void> Family::sync_file(int file, int64_t* result, int* running) {
  *result = co_await IoAwait(loop_, IoOp::sync, file, 0, nullptr, 0);
  --*running;
  changed_.notify_all();
}

Task<void> Family::commit_journal(uint64_t batch, Status* result, int* running) {
  *result = co_await journal_.commit(batch);
  --*running;
  changed_.notify_all();
}

void Family::checkpointed(uint64_t batch) {
  durable_mark_ = std::max(durable_mark_, batch);
  mark_on_disk_ = std::max(mark_on_disk_, batch);
  update_mark();
}

// Records at or below the mark that is on disk need no CRC any more: forget them, oldest first.
void Family::update_mark() {
  while (!marks_said_.empty() && marks_said_.front().first <= journal_.durable_through()) {
    mark_on_disk_ = std::max(mark_on_disk_, marks_said_.front().second);
    marks_said_.pop_front();
  }
  while (!recent_order_.empty() && recent_order_.front().first <= mark_on_disk_) {
    const auto [batch, key] = recent_order_.front();
    recent_order_.pop_front();
    auto found = recent_.find(key);
    if (found != recent_.end() && found->second == batch) recent_.erase(found);
  }
}

}  // namespace holdfast
