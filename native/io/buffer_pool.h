// native/io/buffer_pool.h
//
// Buffers for O_DIRECT: aligned to 4096, in classes of powers of two from 4 KiB to 1 MiB, larger ones to the page.
//
// What is given back is kept for the next allocation of its class, up to a bound. Buffers in use count against a
// budget that many pools may share; what a pool keeps for reuse does not, it has its own bound.
//
// Thread: a pool belongs to one thread, which allocates and releases; a ByteBudget to any number.
// Ownership: a buffer goes back to the pool it came from, with the size it was asked for. All of them are back when the
// pool is destroyed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace holdfast {

/// Bytes that may be in use at once, over all pools that share it.
class ByteBudget {
 public:
  explicit ByteBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  bool try_take(uint64_t bytes) {
    uint64_t used = used_bytes_.load(std::memory_order_relaxed);
    do {
      if (bytes > bytes_max_ - used) return false;
    } while (!used_bytes_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  void give_back(uint64_t bytes) { used_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  uint64_t bytes_max() const { return bytes_max_; }

 private:
  const uint64_t bytes_max_;
  // Never above bytes_max_.
  std::atomic<uint64_t> used_bytes_{0};
};

class BufferPool {
 public:
  static constexpr size_t kAlignmentBytes = 4096;
  static constexpr size_t kClassBytesMin = 4096;
  static constexpr size_t kClassBytesMax = size_t{1} << 20;

  BufferPool(ByteBudget& budget, size_t kept_bytes_max) : budget_(budget), kept_bytes_max_(kept_bytes_max) {}
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// What a buffer of `bytes` takes from the budget and offers to its user.
  static size_t capacity_bytes(size_t bytes);

  /// At least `bytes` (more than 0) with unspecified content; null if the budget or the memory does not suffice.
  uint8_t* allocate(size_t bytes);
  void release(uint8_t* data, size_t bytes);
  /// Gives what is kept for reuse back to the system.
  void trim();

  size_t kept_bytes() const { return kept_bytes_; }

 private:
  static constexpr int kClassCount = 9;

  // The head of a buffer that is kept.
  struct Kept {
    Kept* next;
  };

  ByteBudget& budget_;
  const size_t kept_bytes_max_;
  size_t kept_bytes_ = 0;
  size_t in_use_bytes_ = 0;
  Kept* kept_[kClassCount] = {};
};

/// A buffer that goes back to its pool by itself; empty if there was none to be had.
class PooledBuffer {
 public:
  PooledBuffer() = default;
  PooledBuffer(BufferPool& pool, size_t bytes) : pool_(&pool), data_(pool.allocate(bytes)), size_bytes_(bytes) {}
  PooledBuffer(PooledBuffer&& other) noexcept
      : pool_(other.pool_), data_(std::exchange(other.data_, nullptr)), size_bytes_(other.size_bytes_) {}
  PooledBuffer& operator=(PooledBuffer&& other) noexcept {
    if (this != &other) {
      reset();
      pool_ = other.pool_;
      data_ = std::exchange(other.data_, nullptr);
      size_bytes_ = other.size_bytes_;
    }
    return *this;
  }
  ~PooledBuffer() { reset(); }

  explicit operator bool() const { return data_ != nullptr; }
  uint8_t* data() const { return data_; }
  size_t size_bytes() const { return data_ == nullptr ? 0 : size_bytes_; }
  void reset() {
    if (data_ != nullptr) pool_->release(std::exchange(data_, nullptr), size_bytes_);
  }

 private:
  BufferPool* pool_ = nullptr;
  uint8_t* data_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace holdfast
