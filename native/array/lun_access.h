// native/array/lun_access.h
//
// Reading and writing a LUN from a task, as the array itself: buffers are made here, requests are internal.
//
// Thread: the loop's.
#pragma once

#include <cstdint>
#include <span>

#include "array/aligned.h"
#include "array/lun.h"
#include "base/status.h"
#include "disk/view.h"

namespace holdfast {

/// The first and the last MiB of a LUN, which hold its partition tables.
struct DiskEnds {
  AlignedBuffer head;
  AlignedBuffer tail;
  uint64_t length_bytes = 0;  // of each
  uint64_t size_bytes = 0;

  DiskView view() const {
    return DiskView{std::span<const uint8_t>(head.get(), length_bytes),
                    std::span<const uint8_t>(tail.get(), length_bytes), size_bytes};
  }
};

class LunAccess {
 public:
  /// `within_change`: by whoever has called begin_change().
  explicit LunAccess(Lun& lun, bool within_change = false) : lun_(lun), within_change_(within_change) {}

  Task<Status> read(uint64_t offset_bytes, uint8_t* aligned_bytes, uint32_t length_bytes);
  Task<Status> write(uint64_t offset_bytes, std::span<const uint8_t> bytes);
  /// Straight from the caller's buffer.
  Task<Status> write_aligned(uint64_t offset_bytes, uint8_t* aligned_bytes, uint32_t length_bytes);
  Task<Result<DiskEnds>> read_ends();

 private:
  Lun& lun_;
  const bool within_change_;
};

}  // namespace holdfast
