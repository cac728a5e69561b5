#include "array/diff_area.h"

#include <algorithm>

namespace holdfast {
namespace {

constexpr uint32_t kThresholdPercents[] = {80, 90};
constexpr Instant kSayFullAgainAfter = 10 * kSecond;

// Without overflow, since a LUN has at most 2^31 units and its copies keep few thousand times as many.
uint64_t units_at(uint64_t maximum_units, uint32_t percent) {
  return maximum_units / 100 * percent + maximum_units % 100 * percent / 100;
}

}  // namespace

void FillRate::add(uint64_t bytes, Instant now) {
  const uint64_t second = second_of(now);
  const size_t slot = second % kWindowSeconds;
  if (seconds_[slot] != second) bytes_[slot] = 0;
  seconds_[slot] = second;
  bytes_[slot] += bytes;
  if (!first_second_.has_value()) first_second_ = second;
}

uint64_t FillRate::bytes_per_second(Instant now) const {
  if (!first_second_.has_value()) return 0;
  const uint64_t second = second_of(now);
  uint64_t sum = 0;
  for (size_t slot = 0; slot < kWindowSeconds; ++slot) {
    if (seconds_[slot] + kWindowSeconds > second) sum += bytes_[slot];
  }
  return sum / std::min(kWindowSeconds, second - *first_second_ + 1);
}

void DiffArea::set(const DiffAreaSetting& setting) {
  setting_ = setting;
  maximum_units_ = setting.maximum_bytes == kNoMaximum ? kNoMaximum : setting.maximum_bytes / kUnitBytes;
  said_percent_ = 0;
  look_again();
}

bool DiffArea::plan(uint64_t units) {
  if (!fits(units)) return false;
  planned_units_ += units;
  return true;
}

bool DiffArea::written(uint64_t units, Instant now) {
  planned_units_ -= units;
  used_units_ += units;
  rate_.add(units * kUnitBytes, now);
  return used_units_ >= look_at_units_;
}

uint32_t DiffArea::threshold_below(uint64_t units) const {
  uint32_t below = 0;
  for (const uint32_t percent : kThresholdPercents) {
    if (limit_units() != kNoMaximum && units >= units_at(limit_units(), percent)) below = percent;
  }
  return below;
}

void DiffArea::measured(uint64_t units) {
  // What went is room in the file system again, sooner or later.
  if (disk_limit_units_ != kNoMaximum && units < used_units_) look_at_disk_units_ = units;
  used_units_ = units;
  said_percent_ = std::min(said_percent_, threshold_below(units));
  look_again();
}

void DiffArea::disk_has(uint64_t free_units) {
  disk_limit_units_ = used_units_ + free_units;
  look_at_disk_units_ = used_units_ + std::max(kFirstDiskLookUnits, free_units / 16);
  look_again();
}

std::optional<uint32_t> DiffArea::passed_threshold() {
  const uint32_t percent = threshold_below(used_units_);
  if (percent <= said_percent_) return std::nullopt;
  said_percent_ = percent;
  look_again();
  return percent;
}

bool DiffArea::may_say_full(Instant now) {
  if (said_full_at_.has_value() && now - *said_full_at_ < kSayFullAgainAfter) return false;
  said_full_at_ = now;
  return true;
}

void DiffArea::look_again() {
  look_at_units_ = look_at_disk_units_;
  if (limit_units() == kNoMaximum) return;
  for (const uint32_t percent : kThresholdPercents) {
    if (percent > said_percent_) look_at_units_ = std::min(look_at_units_, units_at(limit_units(), percent));
  }
}

}  // namespace holdfast
