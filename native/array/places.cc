#include "array/places.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace holdfast {

bool Places::claim(Place place) {
  const uint64_t word = place / 64;
  const uint64_t bit = uint64_t{1} << (place % 64);
  if (word >= used_.size()) used_.resize(word + 1);
  if ((used_[word] & bit) != 0) return false;
  used_[word] |= bit;
  ++used_count_;
  end_ = std::max<uint64_t>(end_, uint64_t{place} + 1);
  return true;
}

Place Places::take() {
  uint64_t word = search_from_;
  bool skipped = false;
  for (;; ++word) {
    if (word * 64 >= preparing_from_ && word * 64 < preparing_to_) {
      skipped = true;
      word = preparing_to_ / 64;
    }
    if (word >= used_.size()) used_.resize(word + 1);
    if (used_[word] != ~uint64_t{0}) break;
  }
  if (!skipped) search_from_ = word;
  const int bit = std::countr_one(used_[word]);
  const uint64_t place = word * 64 + static_cast<uint64_t>(bit);
  if (place >= kHome) return kHome;
  used_[word] |= uint64_t{1} << bit;
  ++used_count_;
  end_ = std::max(end_, place + 1);
  if (is_hole(word)) {
    holes_[word] = false;
    --hole_count_;
  }
  return static_cast<Place>(place);
}

void Places::begin_preparing(uint64_t from, uint64_t to) {
  assert(from % 64 == 0 && to % 64 == 0);
  preparing_from_ = from;
  preparing_to_ = to;
}

void Places::end_preparing(bool prepared) {
  if (prepared) prepared_end_ = std::max(prepared_end_, preparing_to_);
  preparing_from_ = preparing_to_ = 0;
}

void Places::assume_backed(uint64_t end) { prepared_end_ = std::max(prepared_end_, end / 64 * 64); }

uint64_t Places::free_backed_count() const {
  const uint64_t free_or_holes = backed_end() - used_count_;
  return free_or_holes > hole_count_ * 64 ? free_or_holes - hole_count_ * 64 : 0;
}

bool Places::find_punchable(uint64_t below, uint64_t places_max, uint64_t* from, uint64_t* to,
                            uint64_t* searched_to) const {
  constexpr uint64_t kWordsPerSearch = 16 << 10;
  const auto is_punchable = [&](uint64_t word) {
    return (word >= used_.size() || used_[word] == 0) && !is_hole(word) &&
           !(word * 64 >= preparing_from_ && word * 64 < preparing_to_);
  };
  uint64_t word = std::min(below, (backed_end() + 63) / 64 * 64) / 64;
  const uint64_t stop = word > kWordsPerSearch ? word - kWordsPerSearch : 0;
  while (word > stop && !is_punchable(word - 1)) --word;
  *to = *from = word * 64;
  while (word > 0 && *to - *from < places_max && is_punchable(word - 1)) *from = --word * 64;
  *searched_to = word * 64;
  return *to > *from;
}

// The end of the file comes back as if it had never been written, so that it is prepared again when it is wanted.
void Places::end_punching(bool punched) {
  const uint64_t from = std::exchange(preparing_from_, 0);
  const uint64_t to = std::exchange(preparing_to_, 0);
  if (!punched) return;
  if (to >= backed_end()) {
    end_ = std::min(end_, from);
    prepared_end_ = std::min(prepared_end_, from);
    // Holes that the end has come to.
    uint64_t end_word = from / 64;
    while (end_word > 0 && is_hole(end_word - 1)) {
      holes_[--end_word] = false;
      --hole_count_;
    }
    if (end_word * 64 < from) end_ = prepared_end_ = end_word * 64;
    return;
  }
  if (holes_.size() < to / 64) holes_.resize(to / 64);
  for (uint64_t word = from / 64; word < to / 64; ++word) holes_[word] = true;
  hole_count_ += (to - from) / 64;
}

void Places::set_free(Place place) {
  const uint64_t word = place / 64;
  const uint64_t bit = uint64_t{1} << (place % 64);
  // Named twice, which a map that was read leaf by leaf is the only one to say.
  if (word >= used_.size() || (used_[word] & bit) == 0) return;
  used_[word] &= ~bit;
  --used_count_;
  search_from_ = std::min(search_from_, word);
}

std::vector<uint64_t> Places::in_use() const {
  std::vector<uint64_t> words = used_;
  for (const Pending& pending : pending_) words[pending.place / 64] &= ~(uint64_t{1} << (pending.place % 64));
  for (const Place place : shunned_) words[place / 64] &= ~(uint64_t{1} << (place % 64));
  while (!words.empty() && words.back() == 0) words.pop_back();
  return words;
}

void Places::restore(std::vector<uint64_t> in_use) {
  used_ = std::move(in_use);
  used_count_ = 0;
  for (const uint64_t word : used_) used_count_ += static_cast<uint64_t>(std::popcount(word));
  end_ = used_.empty() ? 0 : used_.size() * 64 - static_cast<uint64_t>(std::countl_zero(used_.back()));
}

bool Places::release_pending(uint64_t syncs_begun, size_t count) {
  for (; count > 0; --count) {
    if (pending_.empty() || pending_.front().syncs_begun > syncs_begun) return false;
    set_free(pending_.front().place);
    pending_.pop_front();
  }
  return true;
}

}  // namespace holdfast
