#include "array/dirty_log.h"

#include <bit>

namespace holdfast {
namespace {

constexpr uint64_t bit_of(UnitIndex unit) { return uint64_t{1} << (unit % 64); }

}  // namespace

void DirtyLog::mark(UnitIndex first, uint32_t count) {
  for (UnitIndex unit = first; unit - first < count; ++unit) {
    Page& page = pages_[unit / kUnitsPerPage];
    uint64_t& word = page.words[unit % kUnitsPerPage / 64];
    if ((word & bit_of(unit)) != 0) continue;
    word |= bit_of(unit);
    ++page.count;
    if (++unit_count_ == notify_above_count_ + 1 && event_ != nullptr) event_->notify_all();
  }
}

void DirtyLog::clear(UnitIndex first, uint32_t count) {
  for (UnitIndex unit = first; unit - first < count; ++unit) {
    const auto found = pages_.find(unit / kUnitsPerPage);
    if (found == pages_.end()) continue;
    uint64_t& word = found->second.words[unit % kUnitsPerPage / 64];
    if ((word & bit_of(unit)) == 0) continue;
    word &= ~bit_of(unit);
    --unit_count_;
    if (--found->second.count == 0) pages_.erase(found);
  }
}

bool DirtyLog::contains(UnitIndex unit) const {
  const auto found = pages_.find(unit / kUnitsPerPage);
  return found != pages_.end() && (found->second.words[unit % kUnitsPerPage / 64] & bit_of(unit)) != 0;
}

bool DirtyLog::find(UnitIndex from, UnitIndex* first) const {
  for (auto page = pages_.lower_bound(from / kUnitsPerPage); page != pages_.end(); ++page) {
    const UnitIndex page_start = page->first * kUnitsPerPage;
    const uint32_t within = from > page_start ? from - page_start : 0;
    for (uint32_t word = within / 64; word < page->second.words.size(); ++word) {
      uint64_t bits = page->second.words[word];
      if (word == within / 64) bits &= ~uint64_t{0} << (within % 64);
      if (bits == 0) continue;
      *first = page_start + word * 64 + static_cast<uint32_t>(std::countr_zero(bits));
      return true;
    }
  }
  return false;
}

bool DirtyLog::take(UnitIndex from, uint32_t units_max, UnitIndex* first, uint32_t* count) {
  if (!find(from, first) && !find(0, first)) return false;
  *count = 1;
  while (*count < units_max && contains(*first + *count)) ++*count;
  clear(*first, *count);
  return true;
}

}  // namespace holdfast
