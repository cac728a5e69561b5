#include "array/places.h"

#include <algorithm>
#include <bit>
#include <cassert>

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
  return static_cast<Place>(place);
}

void Places::begin_preparing(uint64_t from, uint64_t to) {
  assert(from % 64 == 0 && to % 64 == 0);
  preparing_from_ = from;
  preparing_to_ = to;
}

void Places::end_preparing() {
  prepared_end_ = std::max(prepared_end_, preparing_to_);
  preparing_from_ = preparing_to_ = 0;
}

void Places::set_free(Place place) {
  const uint64_t word = place / 64;
  const uint64_t bit = uint64_t{1} << (place % 64);
  assert((used_[word] & bit) != 0);
  used_[word] &= ~bit;
  --used_count_;
  search_from_ = std::min(search_from_, word);
}

void Places::release_pending(uint64_t syncs_begun) {
  while (!pending_.empty() && pending_.front().syncs_begun <= syncs_begun) {
    set_free(pending_.front().place);
    pending_.pop_front();
  }
}

}  // namespace holdfast
