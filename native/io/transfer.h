// native/io/transfer.h
//
// What the real engines share: a request as a series of system calls, each of which may do a part of it.
//
// The progress lives in the request (engine_progress_bytes), so an engine keeps no state of its own for it.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <cstdint>

#include "base/units.h"
#include "io/io.h"

namespace holdfast {

struct TransferPart {
  uint8_t* data;
  uint64_t offset_bytes;
  uint32_t length_bytes;
};

/// What is left to read or write, as far as one call may carry it: the kernel takes 2 GiB less a page.
inline TransferPart next_part(const IoRequest& request) {
  constexpr uint64_t kPartBytesMax = uint64_t{1} << 30;
  const uint64_t left = request.length_bytes - request.engine_progress_bytes;
  return {static_cast<uint8_t*>(request.data) + request.engine_progress_bytes,
          request.offset_bytes + request.engine_progress_bytes,
          static_cast<uint32_t>(left < kPartBytesMax ? left : kPartBytesMax)};
}

inline int fallocate_mode(IoOp op) { return op == IoOp::punch ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : 0; }

/// Takes in what one call gave (bytes or -errno). True if the request is complete and has its result;
/// false if its next part is to be issued.
inline bool account_transfer(IoRequest& request, int64_t call_result) {
  if (call_result < 0) {
    request.result = call_result;
    return true;
  }
  if (request.op != IoOp::read && request.op != IoOp::write) {
    request.result = 0;
    return true;
  }
  request.engine_progress_bytes += static_cast<uint64_t>(call_result);
  request.result = static_cast<int64_t>(request.engine_progress_bytes);
  if (request.engine_progress_bytes == request.length_bytes) return true;
  if (request.op == IoOp::write) {
    // Writing nothing of something is no progress; going on would never end.
    if (call_result == 0) request.result = -EIO;
    return call_result == 0;
  }
  // A regular file ends a read inside a sector only where it ends itself. Going on from there would also break the
  // alignment that O_DIRECT asks for.
  return call_result == 0 || (request.offset_bytes + request.engine_progress_bytes) % kSectorBytes != 0;
}

}  // namespace holdfast
