// native/array/diff_area.h
//
// How much room the copies of one LUN have, and how fast it fills.
//
// Used is what the copies keep that the LUN itself does not need (array/space_use.h). Every write that makes them keep
// more is counted here before its I/O begins, so the maximum is kept by writes in flight too. The count since the last
// measurement may be too high, after copies have gone or where a LUN that was broken off keeps a version as well; it is
// never too low. So whoever is about to act on it measures first.
//
// It fills up towards its maximum or towards the end of the file system, whichever is nearer. The room there is looked
// at when so much more is used that a threshold may have been passed.
//
// Thread: the loop's. Ownership: shared by an ordinary LUN and all copies that descend from it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "array/records.h"
#include "base/units.h"

namespace holdfast {

/// Bytes a second over the last seconds.
class FillRate {
 public:
  void add(uint64_t bytes, Instant now);
  uint64_t bytes_per_second(Instant now) const;

 private:
  static constexpr uint64_t kWindowSeconds = 16;
  static uint64_t second_of(Instant now) { return static_cast<uint64_t>(now / kSecond); }

  std::array<uint64_t, kWindowSeconds> bytes_{};
  std::array<uint64_t, kWindowSeconds> seconds_{};  // which second a slot is of
  std::optional<uint64_t> first_second_;
};

class DiffArea {
 public:
  explicit DiffArea(const DiffAreaSetting& setting) { set(setting); }

  const DiffAreaSetting& setting() const { return setting_; }
  void set(const DiffAreaSetting& setting);

  uint64_t used_units() const { return used_units_; }
  uint64_t maximum_units() const { return maximum_units_; }
  bool fits(uint64_t units) const {
    return units <= maximum_units_ && used_units_ + planned_units_ <= maximum_units_ - units;
  }
  /// By how many units too much would be used with so many more.
  uint64_t excess(uint64_t units) const {
    const uint64_t wanted = used_units_ + planned_units_ + units;
    return wanted > maximum_units_ ? wanted - maximum_units_ : 0;
  }
  /// Counts a write that is about to begin; false if it does not fit. Ended by written() or dropped().
  bool plan(uint64_t units);
  void dropped(uint64_t units) { planned_units_ -= units; }
  /// True if it is time to look how full it is: a threshold has been passed as far as the count can tell.
  bool written(uint64_t units, Instant now);

  /// What is used in truth.
  void measured(uint64_t units);
  /// Whether the room in the file system has to be looked at, which is answered with disk_has().
  bool wants_disk_look() const { return used_units_ >= look_at_disk_units_; }
  void disk_has(uint64_t free_units);
  /// What it can hold at most, as far as is known.
  uint64_t limit_units() const { return std::min(maximum_units_, disk_limit_units_); }
  /// The highest threshold, in percent, that has been passed since the last time it was asked for.
  std::optional<uint32_t> passed_threshold();
  /// Whether it is worth saying that a write finds no room; not again within seconds.
  bool may_say_full(Instant now);
  uint64_t bytes_per_second(Instant now) const { return rate_.bytes_per_second(now); }

 private:
  static constexpr uint64_t kFirstDiskLookUnits = (1 << 20) / kUnitBytes;

  uint32_t threshold_below(uint64_t units) const;
  void look_again();

  DiffAreaSetting setting_;
  uint64_t maximum_units_ = 0;
  uint64_t used_units_ = 0;
  uint64_t planned_units_ = 0;
  uint32_t said_percent_ = 0;
  uint64_t look_at_units_ = 0;
  uint64_t look_at_disk_units_ = kFirstDiskLookUnits;
  uint64_t disk_limit_units_ = kNoMaximum;
  std::optional<Instant> said_full_at_;
  FillRate rate_;
};

}  // namespace holdfast
