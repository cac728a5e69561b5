#include "io/buffer_pool.h"

#include <bit>
#include <cassert>
#include <cstdlib>
#include <new>

// Reading or writing a buffer that was given back is an error AddressSanitizer can then see.
#if defined(__SANITIZE_ADDRESS__)
#define HOLDFAST_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOLDFAST_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef HOLDFAST_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

namespace holdfast {
namespace {

/// Of a capacity up to kClassBytesMax.
int class_index(size_t capacity_bytes) { return std::countr_zero(capacity_bytes / BufferPool::kClassBytesMin); }

}  // namespace

BufferPool::~BufferPool() {
  assert(in_use_bytes_ == 0);
  trim();
}

size_t BufferPool::capacity_bytes(size_t bytes) {
  if (bytes <= kClassBytesMin) return kClassBytesMin;
  if (bytes <= kClassBytesMax) return std::bit_ceil(bytes);
  return (bytes + (kAlignmentBytes - 1)) & ~(kAlignmentBytes - 1);
}

uint8_t* BufferPool::allocate(size_t bytes) {
  if (bytes > SIZE_MAX - kAlignmentBytes) return nullptr;
  const size_t capacity = capacity_bytes(bytes);
  if (!budget_.try_take(capacity)) return nullptr;
  void* data = nullptr;
  if (capacity <= kClassBytesMax) {
    Kept*& first = kept_[class_index(capacity)];
    if (first != nullptr) {
      data = first;
      first = first->next;
      kept_bytes_ -= capacity;
      ASAN_UNPOISON_MEMORY_REGION(data, capacity);
    }
  }
  if (data == nullptr && ::posix_memalign(&data, kAlignmentBytes, capacity) != 0) {
    budget_.give_back(capacity);
    return nullptr;
  }
  in_use_bytes_ += capacity;
  return static_cast<uint8_t*>(data);
}

void BufferPool::release(uint8_t* data, size_t bytes) {
  const size_t capacity = capacity_bytes(bytes);
  assert(in_use_bytes_ >= capacity);
  in_use_bytes_ -= capacity;
  budget_.give_back(capacity);
  if (capacity > kClassBytesMax || capacity > kept_bytes_max_ - kept_bytes_) {
    std::free(data);
    return;
  }
  Kept*& first = kept_[class_index(capacity)];
  first = new (data) Kept{first};
  kept_bytes_ += capacity;
  ASAN_POISON_MEMORY_REGION(data + sizeof(Kept), capacity - sizeof(Kept));
}

void BufferPool::trim() {
  for (int i = 0; i < kClassCount; i++) {
    while (Kept* buffer = kept_[i]) {
      kept_[i] = buffer->next;
      ASAN_UNPOISON_MEMORY_REGION(buffer, kClassBytesMin << i);
      std::free(buffer);
    }
  }
  kept_bytes_ = 0;
}

}  // namespace holdfast
