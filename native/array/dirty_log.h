// native/array/dirty_log.h
//
// Which units of a LUN were written to since somebody last looked: a set of units, sparse, that gives them back in
// order.
//
// Cost: 528 bytes for each 16 MiB of the LUN that have a unit in the set, whatever its size.
//
// Thread: the loop's. Crash: lost, like the work that it is kept for.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "base/units.h"
#include "io/loop.h"

namespace holdfast {

class DirtyLog {
 public:
  void mark(UnitIndex first, uint32_t count);
  void clear(UnitIndex first, uint32_t count);
  /// Takes the first run of at most `units_max` units at or behind `from`, beginning anew at 0 if there is none.
  bool take(UnitIndex from, uint32_t units_max, UnitIndex* first, uint32_t* count);
  uint64_t unit_count() const { return unit_count_; }
  /// Tells when there are more than so many.
  void notify_above(uint64_t unit_count, Event& event) {
    notify_above_count_ = unit_count;
    event_ = &event;
  }

 private:
  static constexpr uint32_t kUnitsPerPage = 4096;
  struct Page {
    std::array<uint64_t, kUnitsPerPage / 64> words{};
    uint32_t count = 0;
  };

  bool contains(UnitIndex unit) const;
  bool find(UnitIndex from, UnitIndex* first) const;

  std::map<uint32_t, Page> pages_;
  uint64_t unit_count_ = 0;
  uint64_t notify_above_count_ = 0;
  Event* event_ = nullptr;
};

}  // namespace holdfast
