#include "disk/view.h"

#include <algorithm>
#include <string>

#include "base/checked.h"

namespace holdfast {

Status check_view(const DiskView& view) {
  if (view.size_bytes < kSectorBytes) {
    return Status(Code::disk_too_small,
                  "the LUN has " + std::to_string(view.size_bytes) + " bytes: a disk has at least one sector of 512");
  }
  const uint64_t wanted = std::min(kDiskViewBytes, view.size_bytes);
  if (view.head.size() != wanted || view.tail.size() != wanted) {
    return Status(Code::invalid_argument, "head and tail of a disk view must have " + std::to_string(wanted) +
                                              " bytes each, not " + std::to_string(view.head.size()) + " and " +
                                              std::to_string(view.tail.size()));
  }
  return Status();
}

const uint8_t* SectorReader::find(uint64_t lba, uint64_t count) const {
  uint64_t offset = 0;
  uint64_t length = 0;
  if (mul_overflows(lba, kSectorBytes, &offset) || mul_overflows(count, kSectorBytes, &length)) return nullptr;
  if (range_fits(offset, length, view_.head.size())) return view_.head.data() + offset;
  const uint64_t tail_start = view_.size_bytes - view_.tail.size();
  if (offset < tail_start || !range_fits(offset - tail_start, length, view_.tail.size())) return nullptr;
  return view_.tail.data() + (offset - tail_start);
}

}  // namespace holdfast
