// native/array/aligned.h
//
// A buffer that files opened with O_DIRECT accept: aligned to 4096 and zeroed. Owned by whoever holds it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "base/units.h"

namespace holdfast {

struct AlignedDeleter {
  void operator()(uint8_t* bytes) const { std::free(bytes); }
};
using AlignedBuffer = std::unique_ptr<uint8_t[], AlignedDeleter>;

/// `length_bytes` is rounded up to whole units.
inline AlignedBuffer make_aligned(uint64_t length_bytes) {
  const size_t rounded = units_of(length_bytes == 0 ? 1 : length_bytes) * kUnitBytes;
  void* bytes = std::aligned_alloc(kUnitBytes, rounded);
  if (bytes == nullptr) std::abort();  // out of memory ends the process rather than half a change
  std::memset(bytes, 0, rounded);
  return AlignedBuffer(static_cast<uint8_t*>(bytes));
}

}  // namespace holdfast
