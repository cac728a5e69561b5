// native/array/journal_reader.h
//
// A journal read from its front to its end, a window at a time: however long the file is, memory is bounded.
//
// Thread: the loop's. Ownership: the file is the caller's, who closes it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "array/aligned.h"
#include "array/journal.h"
#include "base/status.h"
#include "io/loop.h"

namespace holdfast {

class JournalReader {
 public:
  JournalReader(Loop& loop, int file, uint64_t size_bytes, std::string name)
      : loop_(loop), file_(file), size_bytes_(size_bytes), name_(std::move(name)) {}

  uint64_t size_bytes() const { return size_bytes_; }

  /// Makes bytes() reach as far from `offset_bytes`, a multiple of 4096, as the longest batch could.
  Task<Status> read_at(uint64_t offset_bytes);
  /// The bytes from there on, until the next read_at(): a batch at least, or what is left of the file.
  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  static constexpr uint64_t kBatchBytesMax = kBatchHeaderBytes + kBatchRecordBytesMax;
  static constexpr uint64_t kWindowBytes = 8 << 20;
  static_assert(kWindowBytes >= 2 * kBatchBytesMax);

  Loop& loop_;
  const int file_;
  const uint64_t size_bytes_;
  const std::string name_;
  AlignedBuffer window_;
  uint64_t window_from_ = 0;
  uint64_t window_to_ = 0;
  std::span<const uint8_t> bytes_;
};

}  // namespace holdfast
