// test/fuzz/fuzz_input.h
//
// The bytes a fuzzer is given, taken apart: numbers, pieces, and the promise that breaks it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

namespace holdfast::test {

using FuzzInput = std::vector<uint8_t>;

/// Ends the process, which is how a fuzzer says that it has found something.
inline void require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "broken promise: %s\n", what.c_str());
  std::abort();
}

/// Takes from the front; what is not there reads as zeroes, so every input means something.
class FuzzBytes {
 public:
  explicit FuzzBytes(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  uint64_t number(size_t byte_count) {
    uint64_t value = 0;
    const std::span<const uint8_t> taken = piece(byte_count);
    for (size_t i = 0; i < taken.size(); ++i) value |= uint64_t{taken[i]} << (8 * i);
    return value;
  }
  std::span<const uint8_t> piece(size_t byte_count) {
    const std::span<const uint8_t> taken = bytes_.first(std::min(byte_count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  std::string text(size_t byte_count) {
    const std::span<const uint8_t> taken = piece(byte_count);
    return std::string(taken.begin(), taken.end());
  }
  std::span<const uint8_t> rest() { return piece(bytes_.size()); }

 private:
  std::span<const uint8_t> bytes_;
};

}  // namespace holdfast::test
