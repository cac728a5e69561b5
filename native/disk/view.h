// native/disk/view.h
//
// What this folder works on: the two ends of a LUN, handed in as bytes. Nothing here reads or writes a device, so the
// same code serves the array, the host and the fuzzers. Changes come back as patches for the caller to write.
//
// Ownership: a view borrows its bytes from the caller for the length of one call; results own theirs.
// Thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "base/units.h"

namespace holdfast {

/// How much of each end is looked at: enough for every partition table and for the database of a dynamic disk.
inline constexpr uint64_t kDiskViewBytes = uint64_t{1} << 20;

/// The first and the last min(1 MiB, size) bytes of a LUN. On a small LUN the two overlap.
struct DiskView {
  std::span<const uint8_t> head;
  std::span<const uint8_t> tail;
  uint64_t size_bytes = 0;
};

/// Bytes to be written to a LUN: whole sectors. Lists of patches are in the order in which they must become durable.
struct Patch {
  uint64_t offset_bytes = 0;
  std::vector<uint8_t> bytes;

  friend bool operator==(const Patch&, const Patch&) = default;
};

/// disk_too_small below one sector, invalid_argument if head or tail is not min(1 MiB, size) bytes long.
Status check_view(const DiskView& view);

/// Sectors of a view that check_view has accepted. A last, partial sector of the LUN does not count.
class SectorReader {
 public:
  explicit SectorReader(const DiskView& view) : view_(view) {}

  uint64_t sector_count() const { return view_.size_bytes / kSectorBytes; }
  uint64_t head_sectors() const { return view_.head.size() / kSectorBytes; }

  /// The bytes of sectors lba .. lba + count, or null if they do not all lie in the head or all in the tail.
  const uint8_t* find(uint64_t lba, uint64_t count = 1) const;

 private:
  DiskView view_;
};

}  // namespace holdfast
