#include "array/journal_reader.h"

#include <algorithm>

#include "base/checked.h"

namespace holdfast {
namespace {

constexpr uint64_t kReadBytes = 1 << 20;

}  // namespace

Task<Status> JournalReader::read_at(uint64_t offset_bytes) {
  const uint64_t wanted_to = std::min(offset_bytes + kBatchBytesMax, size_bytes_);
  if (offset_bytes < window_from_ || wanted_to > window_to_) {
    const uint64_t to = std::min(offset_bytes + kWindowBytes, size_bytes_);
    const uint64_t window_bytes = to > offset_bytes ? to - offset_bytes : 0;
    // Fresh, because a read that is short leaves zeroes.
    window_ = make_aligned(window_bytes);
    for (uint64_t at = 0; at < window_bytes; at += kReadBytes) {
      const uint64_t length = align_up(std::min(kReadBytes, window_bytes - at), kUnitBytes);
      const int64_t result = co_await IoAwait(loop_, IoOp::read, file_, offset_bytes + at, window_.get() + at, length);
      if (result < 0) {
        co_return Status::from_errno(static_cast<int>(-result), "reading " + name_, offset_bytes + at);
      }
    }
    window_from_ = offset_bytes;
    window_to_ = offset_bytes + window_bytes;
  }
  bytes_ = std::span<const uint8_t>(window_.get() + (offset_bytes - window_from_), window_to_ - offset_bytes);
  co_return Status();
}

}  // namespace holdfast
