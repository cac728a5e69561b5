#include "array/unit_holds.h"

#include <cassert>

namespace holdfast {

UnitHolds::UnitHolds(Loop& loop) : loop_(loop), slots_(64), shift_(32 - 6) {}

uint32_t UnitHolds::find(UnitIndex unit) const {
  const uint32_t mask = static_cast<uint32_t>(slots_.size()) - 1;
  for (uint32_t index = home_of(unit);; index = (index + 1) & mask) {
    const Slot& slot = slots_[index];
    if (slot.shared_count == kFree) return kAbsent;
    if (slot.unit == unit) return index;
  }
}

uint32_t UnitHolds::insert(UnitIndex unit) {
  if (used_count_ * 2 >= slots_.size()) grow();
  const uint32_t mask = static_cast<uint32_t>(slots_.size()) - 1;
  uint32_t index = home_of(unit);
  while (slots_[index].shared_count != kFree) index = (index + 1) & mask;
  slots_[index] = Slot{unit, 0, 0, 0};
  ++used_count_;
  return index;
}

// Closes the gap so that no probe sequence is cut: entries move back unless that would put them before their home.
void UnitHolds::erase(uint32_t index) {
  const uint32_t mask = static_cast<uint32_t>(slots_.size()) - 1;
  uint32_t gap = index;
  for (uint32_t next = (gap + 1) & mask; slots_[next].shared_count != kFree; next = (next + 1) & mask) {
    const uint32_t distance_from_home = (next - home_of(slots_[next].unit)) & mask;
    const uint32_t distance_from_gap = (next - gap) & mask;
    if (distance_from_home < distance_from_gap) continue;
    slots_[gap] = slots_[next];
    gap = next;
  }
  slots_[gap] = Slot{};
  --used_count_;
}

void UnitHolds::grow() {
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(old.size() * 2, Slot{});
  --shift_;
  const uint32_t mask = static_cast<uint32_t>(slots_.size()) - 1;
  for (const Slot& slot : old) {
    if (slot.shared_count == kFree) continue;
    uint32_t index = home_of(slot.unit);
    while (slots_[index].shared_count != kFree) index = (index + 1) & mask;
    slots_[index] = slot;
  }
}

void UnitHolds::add_waiter(Slot& slot, UnitHolder& holder) {
  uint32_t node = free_waiter_;
  if (node != 0) {
    free_waiter_ = waiters_[node - 1].next;
  } else {
    waiters_.emplace_back();
    node = static_cast<uint32_t>(waiters_.size());
  }
  waiters_[node - 1] = Waiter{&holder, 0};
  if (slot.last_waiter != 0) {
    waiters_[slot.last_waiter - 1].next = node;
  } else {
    slot.first_waiter = node;
  }
  slot.last_waiter = node;
}

bool UnitHolds::acquire(UnitHolder& holder) {
  holder.waiting_count = 0;
  for (uint32_t i = 0; i < holder.unit_count; ++i) {
    const UnitIndex unit = holder.first_unit + i;
    uint32_t index = find(unit);
    if (index == kAbsent) {
      index = insert(unit);
      slots_[index].shared_count = holder.exclusive ? 0 : 1;
      continue;
    }
    Slot& slot = slots_[index];
    const bool joins_readers = !holder.exclusive && slot.shared_count > 0 && slot.first_waiter == 0;
    if (joins_readers) {
      ++slot.shared_count;
    } else {
      add_waiter(slot, holder);
      ++holder.waiting_count;
    }
  }
  return holder.waiting_count == 0;
}

void UnitHolds::release(UnitHolder& holder) {
  assert(holder.waiting_count == 0);
  for (uint32_t i = 0; i < holder.unit_count; ++i) {
    const uint32_t index = find(holder.first_unit + i);
    assert(index != kAbsent);
    Slot& slot = slots_[index];
    if (!holder.exclusive) --slot.shared_count;
    if (slot.shared_count > 0) continue;
    if (slot.first_waiter == 0) {
      erase(index);
    } else {
      grant_waiters(index);
    }
  }
}

// The unit is free: the first waiter gets it, and if that is a reader, every reader right behind it.
void UnitHolds::grant_waiters(uint32_t index) {
  Slot& slot = slots_[index];
  for (;;) {
    const uint32_t node = slot.first_waiter;
    if (node == 0) return;
    UnitHolder* holder = waiters_[node - 1].holder;
    if (holder->exclusive && slot.shared_count > 0) return;
    slot.first_waiter = waiters_[node - 1].next;
    if (slot.first_waiter == 0) slot.last_waiter = 0;
    waiters_[node - 1] = Waiter{nullptr, free_waiter_};
    free_waiter_ = node;
    if (--holder->waiting_count == 0) loop_.defer(*holder);
    if (holder->exclusive) return;
    ++slot.shared_count;
  }
}

}  // namespace holdfast
