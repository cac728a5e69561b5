#include "hold/lease.h"

#include <utility>

namespace holdfast {

LeaseTable::~LeaseTable() {
  for (auto& [id, lease] : leases_) loop_.cancel(lease->deadline);
}

bool LeaseTable::is_held(const Holdable& lun) const { return standing_by_lun_.count(&lun) != 0; }

LeaseId LeaseTable::lease_of(const Holdable& lun) const {
  auto found = standing_by_lun_.find(&lun);
  return found == standing_by_lun_.end() ? 0 : found->second->id;
}

void LeaseTable::hold(HoldRequest request) {
  for (const Holdable* lun : request.luns) {
    if (!is_held(*lun)) continue;
    request.held(Status(Code::snapshot_set_in_progress,
                        "the writes of " + lun->describe() + " are held by another set; try again when it has ended"));
    return;
  }
  auto owned = std::make_unique<Lease>();
  Lease& lease = *owned;
  lease.table = this;
  lease.id = next_id_++;
  lease.request = std::move(request);
  lease.standing = true;
  leases_.emplace(lease.id, std::move(owned));

  const Instant now = loop_.now();
  lease.verdict.held_at = now;
  lease.deadline.lease = &lease;
  lease.deadline.fire = [](Timer* timer) {
    Lease& due = *static_cast<Lease::Deadline*>(timer)->lease;
    due.table->end(due, EndedBy::deadline);
  };
  loop_.start(lease.deadline, now + lease.request.limit_nanos);

  for (Holdable* lun : lease.request.luns) {
    lun->gate().close();
    standing_by_lun_[lun] = &lease;
    lease.verdict.luns.push_back(HeldLun{lun, lun->describe(), lun->writes_in_flight(), 0});
    if (lease.request.await_writes_in_flight && lun->writes_in_flight() > 0) ++lease.draining_count;
  }
  if (lease.draining_count == 0) {
    reach_instant(lease);
    return;
  }
  for (Holdable* lun : lease.request.luns) {
    if (lun->writes_in_flight() > 0) lun->await_writes_in_flight();
  }
}

void LeaseTable::drained(Holdable& lun) {
  auto found = standing_by_lun_.find(&lun);
  if (found == standing_by_lun_.end() || found->second->draining_count == 0) return;
  if (--found->second->draining_count == 0) reach_instant(*found->second);
}

void LeaseTable::reach_instant(Lease& lease) {
  lease.verdict.instant_at = loop_.now();
  Status captured = lease.request.at_instant ? lease.request.at_instant() : Status();
  lease.reported = true;
  // Moved out first: the callee may come back into the table.
  auto held = std::move(lease.request.held);
  if (captured.ok()) {
    held(lease.id);
    return;
  }
  const LeaseId id = lease.id;
  end(lease, EndedBy::closed);
  leases_.erase(id);
  held(std::move(captured));
}

void LeaseTable::end(Lease& lease, EndedBy ended_by) {
  if (!lease.standing) return;
  lease.standing = false;
  loop_.cancel(lease.deadline);
  lease.verdict.ended_by = ended_by;
  lease.verdict.held_throughout = ended_by == EndedBy::release;
  lease.verdict.released_at = loop_.now();
  for (HeldLun& held : lease.verdict.luns) {
    held.writes_queued = held.lun->gate().queued_total();
    held.provider_writes_queued = held.lun->gate().queued_of_provider();
  }
  if (lease.request.ended) lease.request.ended(lease.verdict);
  for (HeldLun& held : lease.verdict.luns) {
    standing_by_lun_.erase(held.lun);
    held.lun->gate().open();
    held.lun = nullptr;  // the lease outlives its LUNs
  }
  if (!lease.reported) {
    lease.reported = true;
    auto held = std::move(lease.request.held);
    Status why = expired(lease);
    const LeaseId id = lease.id;
    leases_.erase(id);
    held(std::move(why));
  }
}

Status LeaseTable::expired(const Lease& lease) const {
  std::string slow;
  for (const HeldLun& held : lease.verdict.luns) {
    if (held.writes_in_flight_at_hold == 0) continue;
    if (!slow.empty()) slow += ", ";
    slow += held.name + ": " + std::to_string(held.writes_in_flight_at_hold) + " writes in flight at the hold";
  }
  if (lease.verdict.ended_by != EndedBy::deadline) {
    return Status(Code::lease_expired, "the hold ended while writes in flight were awaited");
  }
  return Status(Code::hold_writes_timeout, "writes in flight had not completed after " +
                                               std::to_string(lease.request.limit_nanos / kMillisecond) + " ms (" +
                                               slow + "); writes flow again");
}

Result<Verdict> LeaseTable::release(LeaseId id, OwnerId owner) {
  auto found = leases_.find(id);
  // One that was not reported yet is known to nobody; it would also be gone at the end of end().
  if (found == leases_.end() || found->second->request.owner != owner || !found->second->reported) {
    return Status(Code::lease_expired, "no such hold: it was released before, or its owner is gone");
  }
  end(*found->second, EndedBy::release);
  Verdict verdict = std::move(found->second->verdict);
  leases_.erase(found);
  return verdict;
}

void LeaseTable::owner_died(OwnerId owner) {
  std::vector<LeaseId> dead;
  for (auto& [id, lease] : leases_) {
    if (lease->request.owner == owner) dead.push_back(id);
  }
  for (LeaseId id : dead) {
    auto found = leases_.find(id);
    if (found == leases_.end()) continue;
    end(*found->second, EndedBy::owner);
    leases_.erase(id);
  }
}

void LeaseTable::forget(Holdable& lun) {
  auto found = standing_by_lun_.find(&lun);
  if (found != standing_by_lun_.end()) end(*found->second, EndedBy::closed);
}

void LeaseTable::end_holds_of(const Guid& set) {
  std::vector<LeaseId> standing;
  for (const auto& [id, lease] : leases_) {
    if (lease->request.set == set && lease->standing) standing.push_back(id);
  }
  for (LeaseId id : standing) {
    auto found = leases_.find(id);
    if (found != leases_.end()) end(*found->second, EndedBy::closed);
  }
}

}  // namespace holdfast
