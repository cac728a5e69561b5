// native/hold/lease.h
//
// A hold is a lease: it has an owner, a set and a deadline, and it ends by release, by the deadline or by
// the owner's death, whichever comes first. This table keeps the leases of a process and ends them in time.
//
//   hold() ─▶ [draining ─▶] held ──release()──▶ ended
//                             └─deadline, owner's death, closing of a LUN──▶ ended
//
// Guarantees
//   - All gates of a hold are closed in one turn of the loop; `at_instant` runs in that turn, or, when writes in
//     flight are awaited, in the turn in which the last of them completed.
//   - The deadline counts from the call, by the loop's clock, and needs nobody but the loop.
//   - `ended` is called exactly once, before any gate opens, so that what was captured is discarded before a new
//     write is admitted. Ending in any way but release means: not held throughout.
//   - An ended lease stays known until it is released or its owner dies, so that release() gives a verdict and never
//     silently does nothing.
//
// Thread: the loop's. Ownership: the table owns leases; gates belong to their LUNs, which call forget() before they
// die. Crash: leases have no durable state.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guid.h"
#include "base/status.h"
#include "hold/gate.h"
#include "io/loop.h"

namespace holdfast {

using OwnerId = uint64_t;
using LeaseId = uint64_t;

/// A LUN as a hold sees it.
class Holdable {
 public:
  virtual ~Holdable() = default;
  virtual Gate& gate() = 0;
  /// Writes admitted and not completed.
  virtual uint32_t writes_in_flight() const = 0;
  /// For messages: what an administrator would call it.
  virtual std::string describe() const = 0;
  /// Calls drained() of the table, once, when no write is in flight any more; the gate is closed meanwhile.
  virtual void await_writes_in_flight() = 0;
};

enum class EndedBy : uint8_t { release, deadline, owner, closed };

struct HeldLun {
  Holdable* lun = nullptr;
  std::string name;
  uint32_t writes_in_flight_at_hold = 0;
  uint32_t writes_queued = 0;
  uint32_t provider_writes_queued = 0;
};

struct Verdict {
  bool held_throughout = false;
  EndedBy ended_by = EndedBy::release;
  Instant held_at = 0;      // gates closed
  Instant instant_at = 0;   // captured
  Instant released_at = 0;  // gates opened
  std::vector<HeldLun> luns;
};

struct HoldRequest {
  Guid set;
  OwnerId owner = 0;
  int64_t limit_nanos = 10 * kSecond;
  bool await_writes_in_flight = false;
  std::vector<Holdable*> luns;
  /// In the turn of the instant. A failure ends the hold and is what `held` gets.
  std::function<Status()> at_instant;
  /// Once, whatever ended it.
  std::function<void(const Verdict&)> ended;
  /// Once: the lease, or why there is none.
  std::function<void(Result<LeaseId>)> held;
};

class LeaseTable {
 public:
  explicit LeaseTable(Loop& loop) : loop_(loop) {}
  ~LeaseTable();

  /// Fails at once with snapshot_set_in_progress if one of the LUNs is held already.
  void hold(HoldRequest request);

  /// Ends the hold if it still stands and gives the verdict. lease_expired if the table does not know the lease, or has
  /// not told anybody of it yet, because writes in flight are still awaited.
  Result<Verdict> release(LeaseId id, OwnerId owner);

  /// Called by a LUN whose last write in flight has completed.
  void drained(Holdable& lun);

  /// Ends and forgets every lease of the owner.
  void owner_died(OwnerId owner);

  /// Ends the hold that stands on this LUN, if any: the LUN is closing.
  void forget(Holdable& lun);

  /// Ends the holds of this set that still stand: it has been aborted.
  void end_holds_of(const Guid& set);

  bool is_held(const Holdable& lun) const;
  /// The hold that stands on this LUN, 0 if there is none.
  LeaseId lease_of(const Holdable& lun) const;

  /// Bytes of writes that wait at closed gates, and how many may.
  bool take_held(uint64_t bytes) {
    if (held_bytes_ + bytes > held_bytes_max_) return false;
    held_bytes_ += bytes;
    return true;
  }
  void give_back_held(uint64_t bytes) { held_bytes_ -= bytes; }
  void set_held_bytes_max(uint64_t bytes) { held_bytes_max_ = bytes; }

 private:
  struct Lease {
    struct Deadline : Timer {
      Lease* lease = nullptr;
    } deadline;
    LeaseTable* table = nullptr;
    LeaseId id = 0;
    HoldRequest request;
    Verdict verdict;
    uint32_t draining_count = 0;
    bool standing = false;
    bool reported = false;
  };

  void reach_instant(Lease& lease);
  void end(Lease& lease, EndedBy ended_by);
  Status expired(const Lease& lease) const;

  Loop& loop_;
  uint64_t held_bytes_ = 0;
  uint64_t held_bytes_max_ = uint64_t{1} << 30;
  LeaseId next_id_ = 1;
  std::map<LeaseId, std::unique_ptr<Lease>> leases_;
  std::map<const Holdable*, Lease*> standing_by_lun_;
};

}  // namespace holdfast
