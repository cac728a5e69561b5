#include <algorithm>

#include "crash_scenario.h"

namespace holdfast {
namespace {

constexpr size_t kSetsMax = 5;

}  // namespace

void CrashScenario::step_take_set() {
  if (sets_.size() >= kSetsMax) return step_delete_set();
  auto set = std::make_shared<KnownSet>();
  set->id = Guid::random();
  set->auto_release = pick(4) == 0;
  ArmRequest request;
  request.set = set->id;
  request.owner = 1;
  request.auto_release = set->auto_release;
  leave_out_given_up();
  std::vector<Guid> candidates = originals_;
  for (const auto& other : sets_) {
    if (other->acknowledged && !other->ending && pick(3) == 0) candidates.push_back(other->copies[0]);
  }
  std::shuffle(candidates.begin(), candidates.end(), random_);
  candidates.resize(1 + pick(candidates.size()));
  for (const Guid& source : candidates) {
    request.copies.push_back(ArmCopy{source, Guid::random(), Guid::random()});
    set->sources.push_back(source);
    set->snapshots.push_back(request.copies.back().snapshot);
    set->copies.push_back(request.copies.back().copy);
  }
  if (pick(4) == 0 && !begin_plexes(request)) return;
  std::optional<Status> armed = machine_->try_run(machine_->array->arm_set(request));
  if (!armed.has_value()) return;
  if (!armed->ok()) {
    (void)machine_->try_run(machine_->array->abort_set(set->id));
    return;
  }
  if (pick(12) == 0) {
    (void)machine_->try_run(machine_->array->abort_set(set->id));
    return;
  }

  if (pick(2) == 0) step_write();
  if (pick(2) == 0) turn_a_little();
  if (stopped()) return;
  LeaseId lease = 0;
  bool held = false;
  machine_->array->hold(set->id, 1, set->sources, 10 * kSecond, false, [&](Result<LeaseId> result) {
    held = result.ok();
    if (held) lease = result.value();
  });
  if (!held) {
    (void)machine_->try_run(machine_->array->abort_set(set->id));
    return;
  }
  // The first write to a LUN that was resynchronized waits until a record says that it is on its own again.
  if (is_full_ || was_resynced_) writes_may_come_later();
  // The instant was inside the call: what is admitted from now on is in no copy.
  for (size_t i = 0; i < set->copies.size(); ++i) {
    models_.insert_or_assign(set->copies[i], models_.at(set->sources[i]).copy());
  }
  if (pick(2) == 0) step_write();
  if (pick(3) == 0) turn_a_little();
  if (stopped()) {
    sets_.push_back(set);
    return;
  }
  if (pick(12) == 0) {
    machine_->leases().owner_died(1);
    return;
  }
  (void)machine_->leases().release(lease, 1);
  sets_.push_back(set);
  ++running_;
  machine_->loop().spawn(record(set));
  if (pick(10) == 0) {
    set->ending = true;
    (void)machine_->try_run(machine_->array->abort_set(set->id));
  }
}

Task<void> CrashScenario::record(std::shared_ptr<KnownSet> set) {
  Status status = co_await machine_->array->record_set(set->id);
  if (status.ok()) status = co_await machine_->array->finish_set(set->id, "a note");
  if (status.code() == Code::no_space) {
    // What said so may reach the disk before what takes it back.
    set->doubtful = true;
    (void)co_await machine_->array->abort_set(set->id);
  }
  set->acknowledged = status.ok();
  set->recorded = std::move(status);
  --running_;
}

// Only of originals. False if the power went.
bool CrashScenario::begin_plexes(const ArmRequest& request) {
  for (const ArmCopy& ids : request.copies) {
    if (std::find(originals_.begin(), originals_.end(), ids.source) == originals_.end()) continue;
    const std::optional<Status> begun = machine_->try_run(machine_->array->begin_plex(request.set, 1, ids));
    if (!begun.has_value()) return false;
    if (begun->ok()) plexes_.push_back(ids.copy);
  }
  if (pick(2) == 0) step_write();
  return !stopped();
}

// What was begun for a set that did not come about has an end too.
void CrashScenario::step_await_plex() {
  while (!plexes_.empty() && !stopped()) {
    const std::optional<Status> filled = machine_->try_run(machine_->array->await_plex(plexes_.back()));
    if (!filled.has_value()) return;
    if (filled->ok()) ++plexes_filled_;
    plexes_.pop_back();
  }
}

void CrashScenario::leave_out_given_up() {
  if (machine_->array == nullptr) return;
  const std::deque<LostCopy>& lost = machine_->array->lost_copies();
  for (const auto& set : sets_) {
    for (size_t i = set->copies.size(); i-- > 0;) {
      const bool is_lost =
          std::any_of(lost.begin(), lost.end(), [&](const LostCopy& copy) { return copy.ids.copy == set->copies[i]; });
      if (!is_lost) continue;
      const auto at = static_cast<std::ptrdiff_t>(i);
      set->given_up.push_back(Member{set->sources[i], set->snapshots[i], set->copies[i]});
      set->copies.erase(set->copies.begin() + at);
      set->snapshots.erase(set->snapshots.begin() + at);
      set->sources.erase(set->sources.begin() + at);
    }
    // Nothing is left of it, or all of it comes back.
    if (set->copies.empty()) set->ending = true;
  }
}

}  // namespace holdfast
