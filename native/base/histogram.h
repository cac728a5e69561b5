// native/base/histogram.h
//
// How often something took how long: counts in buckets that grow with what they hold, sixteen to a doubling, so a
// quantile is right to a sixteenth whatever its size. Recording costs a few instructions and never memory.
//
// Thread: its owner's.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace holdfast {

class Histogram {
 public:
  /// Values from 2^40 on (18 minutes, in nanoseconds) share the last bucket; the largest is known exactly all the same.
  void record(uint64_t value) {
    ++buckets_[bucket_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }
  void clear() { *this = Histogram(); }

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }
  /// The smallest value that at least this share (above 0, at most 1) of the recorded ones does not exceed, rounded up
  /// to the end of its bucket; 0 if nothing was recorded.
  uint64_t quantile(double share) const {
    const auto wanted = std::max<uint64_t>(1, static_cast<uint64_t>(share * static_cast<double>(count_) + 0.999999));
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
      seen += buckets_[bucket];
      if (seen >= wanted) return std::min(max_, end_of(bucket));
    }
    return max_;
  }

 private:
  static constexpr uint32_t kStepBits = 4;
  static constexpr uint32_t kStepsPerDoubling = 1 << kStepBits;
  static constexpr size_t kBuckets = (40 - kStepBits + 1) * kStepsPerDoubling;

  static size_t bucket_of(uint64_t value) {
    if (value < kStepsPerDoubling) return value;
    const uint32_t shift = static_cast<uint32_t>(std::bit_width(value)) - kStepBits - 1;
    return std::min<size_t>(kBuckets - 1, (size_t{shift} << kStepBits) + (value >> shift));
  }
  // The largest value of the bucket.
  static uint64_t end_of(size_t bucket) {
    if (bucket < 2 * kStepsPerDoubling) return bucket;
    const uint64_t shift = (bucket >> kStepBits) - 1;
    return (((bucket & (kStepsPerDoubling - 1)) + kStepsPerDoubling + 1) << shift) - 1;
  }

  std::array<uint32_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace holdfast
