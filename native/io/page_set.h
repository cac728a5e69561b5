// native/io/page_set.h
//
// Which pages of a simulated file have space on the disk: bits in chunks of 16 MiB, so that a sparse file of a
// terabyte costs what it holds.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <unordered_map>

namespace holdfast {

class PageSet {
 public:
  uint64_t count() const { return count_; }

  uint64_t missing(uint64_t first, uint64_t end) const {
    uint64_t present = 0;
    for_each_word(first, end, [&](uint64_t chunk, uint64_t word, uint64_t mask) {
      const auto found = chunks_.find(chunk);
      if (found != chunks_.end()) present += static_cast<uint64_t>(std::popcount(found->second[word] & mask));
    });
    return end - first - present;
  }
  void add(uint64_t first, uint64_t end) {
    for_each_word(first, end, [&](uint64_t chunk, uint64_t word, uint64_t mask) {
      uint64_t& bits = chunks_.try_emplace(chunk).first->second[word];
      count_ += static_cast<uint64_t>(std::popcount(mask & ~bits));
      bits |= mask;
    });
  }
  void remove(uint64_t first, uint64_t end) {
    for_each_word(first, end, [&](uint64_t chunk, uint64_t word, uint64_t mask) {
      const auto found = chunks_.find(chunk);
      if (found == chunks_.end()) return;
      count_ -= static_cast<uint64_t>(std::popcount(found->second[word] & mask));
      found->second[word] &= ~mask;
    });
  }
  /// Removes every page from `first` on.
  void remove_from(uint64_t first) {
    for (auto& [chunk, words] : chunks_) {
      const uint64_t begin = chunk * kChunkPages;
      if (begin + kChunkPages > first) remove(first > begin ? first : begin, begin + kChunkPages);
    }
  }

 private:
  static constexpr uint64_t kChunkPages = 4096;
  using Words = std::array<uint64_t, kChunkPages / 64>;

  template <typename Function>
  static void for_each_word(uint64_t first, uint64_t end, Function function) {
    while (first < end) {
      const uint64_t begin_bit = first % 64;
      const uint64_t bits = end - first < 64 - begin_bit ? end - first : 64 - begin_bit;
      const uint64_t mask = (~uint64_t{0} >> (64 - bits)) << begin_bit;
      function(first / kChunkPages, first % kChunkPages / 64, mask);
      first += bits;
    }
  }

  std::unordered_map<uint64_t, Words> chunks_;
  uint64_t count_ = 0;
};

}  // namespace holdfast
