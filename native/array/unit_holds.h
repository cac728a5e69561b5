// native/array/unit_holds.h
//
// Requests hold their units from admission to completion: reads share a unit, writes and moves have it alone,
// and whoever comes later waits, in order. This one rule keeps partial writes around a capture apart, makes a read
// of a copy wait for the old-epoch write it must see, and makes sure that no I/O is in flight on a place that is
// freed (places are only freed by someone who has the unit alone).
//
// A request asks for all its units in one turn, so the order of any two requests is the same on every unit they
// share and nobody can wait in a circle.
//
// Thread: the loop's. Ownership: holders are linked by address; a holder stays where it is until released.
// Cost: one small hash table entry per unit held at the moment; waiting allocates a node.
#pragma once

#include <coroutine>
#include <cstdint>
#include <vector>

#include "base/units.h"
#include "io/loop.h"

namespace holdfast {

struct UnitHolder : Work {
  // `run` (from Work) is called by the loop once all units are held, if acquire() said false.
  UnitIndex first_unit = 0;
  uint32_t unit_count = 0;
  bool exclusive = false;
  // Units not yet held.
  uint32_t waiting_count = 0;
};

class UnitHolds {
 public:
  explicit UnitHolds(Loop& loop);

  /// True: every unit is held now. False: `run` will be called.
  bool acquire(UnitHolder& holder);
  void release(UnitHolder& holder);

  bool is_held(UnitIndex unit) const { return find(unit) != kAbsent; }
  bool empty() const { return used_count_ == 0; }

 private:
  static constexpr uint32_t kAbsent = 0xFFFFFFFF;
  static constexpr uint32_t kFree = 0xFFFFFFFF;

  struct Slot {
    UnitIndex unit = 0;
    // kFree: no entry. 0 while held exclusively, else the number of readers.
    uint32_t shared_count = kFree;
    // First and last of the waiting nodes, as indices + 1; 0 for none.
    uint32_t first_waiter = 0;
    uint32_t last_waiter = 0;
  };
  struct Waiter {
    UnitHolder* holder = nullptr;
    uint32_t next = 0;
  };

  uint32_t home_of(UnitIndex unit) const { return (unit * 2654435769u) >> shift_; }
  uint32_t find(UnitIndex unit) const;
  uint32_t insert(UnitIndex unit);
  void erase(uint32_t index);
  void grow();
  void add_waiter(Slot& slot, UnitHolder& holder);
  void grant_waiters(uint32_t index);

  Loop& loop_;
  std::vector<Slot> slots_;
  uint32_t shift_;
  uint32_t used_count_ = 0;
  std::vector<Waiter> waiters_;
  uint32_t free_waiter_ = 0;
};

/// A task that has some units alone, from `co_await` until release(). A frame that is destroyed releases nothing: its
/// family goes with it.
class HoldUnits : UnitHolder {
 public:
  HoldUnits(UnitHolds& holds, UnitIndex first, uint32_t count = 1) : holds_(holds) {
    first_unit = first;
    unit_count = count;
    exclusive = true;
    run = [](Work* work) { static_cast<HoldUnits*>(static_cast<UnitHolder*>(work))->waiting_.resume(); };
  }
  HoldUnits(const HoldUnits&) = delete;
  HoldUnits& operator=(const HoldUnits&) = delete;

  bool await_ready() { return holds_.acquire(*this); }
  void await_suspend(std::coroutine_handle<> waiting) { waiting_ = waiting; }
  void await_resume() const noexcept {}
  void release() { holds_.release(*this); }

 private:
  UnitHolds& holds_;
  std::coroutine_handle<> waiting_;
};

}  // namespace holdfast
