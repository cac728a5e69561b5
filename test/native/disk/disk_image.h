// test/native/disk/disk_image.h
//
// A whole small disk in memory, with the means to damage it and to make damage look sound.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "disk/make_gpt.h"
#include "disk/view.h"

namespace holdfast::test {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;

/// A partition of Linux data; length 0 takes the rest of the disk.
NewPartition new_partition(uint64_t length_bytes, std::string name = "");

struct MbrSlot {
  uint8_t type = 0x83;
  uint32_t first_lba = 0;
  uint32_t sectors = 0;
  uint8_t status = 0;
};

class DiskImage {
 public:
  explicit DiskImage(uint64_t size_bytes) : bytes(size_bytes) {}
  explicit DiskImage(std::vector<uint8_t> bytes_) : bytes(std::move(bytes_)) {}

  /// Through the product's own builder.
  static DiskImage gpt(uint64_t size_bytes, const std::vector<NewPartition>& partitions);
  /// By hand, with other entry counts and sizes than the builder has. One partition over the whole usable range.
  static DiskImage odd_gpt(uint64_t sectors, uint32_t entry_count, uint32_t entry_bytes);
  /// A dynamic disk: one partition over all of it but the database, and three private headers.
  static DiskImage dynamic(uint64_t size_bytes, uint32_t signature, uint32_t header_signature);
  static DiskImage mbr(uint64_t size_bytes, uint32_t signature, const std::vector<MbrSlot>& slots);

  DiskView view() const;
  uint8_t* sector(uint64_t lba) { return bytes.data() + lba * kSectorBytes; }
  const uint8_t* sector(uint64_t lba) const { return bytes.data() + lba * kSectorBytes; }
  uint64_t last_lba() const { return bytes.size() / kSectorBytes - 1; }

  void apply(const std::vector<Patch>& patches);
  void set_slot(uint64_t lba, size_t slot, const MbrSlot& value);

  /// Recomputes both checksums of the GPT header at this LBA, where its numbers allow it.
  void reseal(uint64_t header_lba);
  /// Changes both GPT copies alike and reseals them; `edit` gets the header and the entry array.
  void edit_gpt(const std::function<void(uint8_t* header, uint8_t* entries)>& edit);

  std::vector<uint8_t> bytes;
};

}  // namespace holdfast::test
