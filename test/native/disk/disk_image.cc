#include "disk/disk_image.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/checked.h"
#include "base/crc.h"
#include "base/endian.h"

namespace holdfast::test {

NewPartition new_partition(uint64_t length_bytes, std::string name) {
  NewPartition partition;
  partition.length_bytes = length_bytes;
  partition.name = std::move(name);
  return partition;
}

DiskImage DiskImage::gpt(uint64_t size_bytes, const std::vector<NewPartition>& partitions) {
  DiskImage image(size_bytes);
  Result<std::vector<Patch>> patches = make_gpt(size_bytes, Guid::random(), partitions);
  if (!patches.ok()) std::abort();
  image.apply(patches.value());
  return image;
}

DiskImage DiskImage::odd_gpt(uint64_t sectors, uint32_t entry_count, uint32_t entry_bytes) {
  DiskImage image(sectors * kSectorBytes);
  const uint64_t array = (uint64_t{entry_count} * entry_bytes + kSectorBytes - 1) / kSectorBytes;
  const uint64_t last = sectors - 1;
  image.set_slot(0, 0, {0xEE, 1, static_cast<uint32_t>(last), 0});
  for (const bool primary : {true, false}) {
    const uint64_t lba = primary ? 1 : last;
    const uint64_t entries_lba = primary ? 2 : last - array;
    uint8_t* header = image.sector(lba);
    std::memcpy(header, "EFI PART", 8);
    store_le32(header + 8, 0x00010000);
    store_le32(header + 12, 92);
    store_le64(header + 24, lba);
    store_le64(header + 32, primary ? last : 1);
    store_le64(header + 40, 2 + array);
    store_le64(header + 48, last - array - 1);
    std::memset(header + 56, 0xD1, 16);
    store_le64(header + 72, entries_lba);
    store_le32(header + 80, entry_count);
    store_le32(header + 84, entry_bytes);
    uint8_t* entry = image.sector(entries_lba);
    std::memset(entry, 0x77, 16);
    std::memset(entry + 16, 0xA1, 16);
    store_le64(entry + 32, 2 + array);
    store_le64(entry + 40, last - array - 1);
    image.reseal(lba);
  }
  return image;
}

DiskImage DiskImage::dynamic(uint64_t size_bytes, uint32_t signature, uint32_t header_signature) {
  const uint64_t database_lba = size_bytes / kSectorBytes - 2048;
  DiskImage image = mbr(size_bytes, signature, {{0x42, 63, static_cast<uint32_t>(database_lba - 63)}});
  for (const uint64_t lba : {uint64_t{6}, database_lba + 1856, database_lba + 2047}) {
    uint8_t* header = image.sector(lba);
    std::memcpy(header, "PRIVHEAD", 8);
    store_be16(header + 12, 2);
    store_be16(header + 14, 12);
    store_be64(header + 299, database_lba);
    store_be64(header + 307, 2048);
    store_be32(header + 355, header_signature);
    uint32_t sum = 0;
    for (size_t at = 0; at < kSectorBytes; ++at) sum += header[at];
    store_be32(header + 8, sum);
  }
  return image;
}

DiskImage DiskImage::mbr(uint64_t size_bytes, uint32_t signature, const std::vector<MbrSlot>& slots) {
  DiskImage image(size_bytes);
  store_le32(image.sector(0) + 440, signature);
  image.sector(0)[510] = 0x55;
  image.sector(0)[511] = 0xAA;
  for (size_t i = 0; i < slots.size(); ++i) image.set_slot(0, i, slots[i]);
  return image;
}

DiskView DiskImage::view() const {
  const size_t length = std::min<size_t>(kDiskViewBytes, bytes.size());
  return {{bytes.data(), length}, {bytes.data() + (bytes.size() - length), length}, bytes.size()};
}

void DiskImage::apply(const std::vector<Patch>& patches) {
  for (const Patch& patch : patches) {
    if (!range_fits(patch.offset_bytes, patch.bytes.size(), bytes.size())) std::abort();
    std::copy(patch.bytes.begin(), patch.bytes.end(), bytes.begin() + static_cast<std::ptrdiff_t>(patch.offset_bytes));
  }
}

void DiskImage::set_slot(uint64_t lba, size_t slot, const MbrSlot& value) {
  uint8_t* entry = sector(lba) + 446 + 16 * slot;
  entry[0] = value.status;
  entry[4] = value.type;
  store_le32(entry + 8, value.first_lba);
  store_le32(entry + 12, value.sectors);
  sector(lba)[510] = 0x55;
  sector(lba)[511] = 0xAA;
}

void DiskImage::reseal(uint64_t header_lba) {
  uint8_t* header = sector(header_lba);
  const uint64_t entries_lba = load_le64(header + 72);
  const uint64_t length = uint64_t{load_le32(header + 80)} * load_le32(header + 84);
  if (entries_lba <= last_lba() && range_fits(entries_lba * kSectorBytes, length, bytes.size())) {
    store_le32(header + 88, crc32(sector(entries_lba), length));
  }
  const uint32_t header_bytes = std::min<uint32_t>(load_le32(header + 12), kSectorBytes);
  store_le32(header + 16, 0);
  store_le32(header + 16, crc32(header, header_bytes));
}

void DiskImage::edit_gpt(const std::function<void(uint8_t* header, uint8_t* entries)>& edit) {
  for (const uint64_t lba : {uint64_t{1}, last_lba()}) {
    edit(sector(lba), sector(load_le64(sector(lba) + 72)));
    reseal(lba);
  }
}

}  // namespace holdfast::test
