#include "disk/make_gpt.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/checked.h"
#include "base/endian.h"
#include "disk/gpt.h"
#include "disk/mbr.h"
#include "disk/utf16.h"

namespace holdfast {
namespace {

constexpr uint32_t kEntryCount = 128;
constexpr uint64_t kEntriesSectors = kEntryCount * kGptEntryBytesMin / kSectorBytes;
constexpr uint64_t kFirstUsableLba = kGptPrimaryLba + 1 + kEntriesSectors;
constexpr uint64_t kAlignmentSectors = (uint64_t{1} << 20) / kSectorBytes;

Status invalid(size_t position, const std::string& what) {
  return Status(Code::invalid_argument, "new partition " + std::to_string(position + 1) + ": " + what);
}

GptCopy empty_copy(uint64_t sector_count, const Guid& disk_guid) {
  GptCopy copy;
  uint8_t* header = copy.header.data();
  const std::string signature = "EFI PART";
  std::copy(signature.begin(), signature.end(), header);
  store_le32(header + 8, 0x00010000);
  store_le32(header + 12, kGptHeaderBytesMin);
  store_le64(header + 40, kFirstUsableLba);
  store_le64(header + 48, sector_count - 2 - kEntriesSectors);
  store_le32(header + 80, kEntryCount);
  store_le32(header + 84, kGptEntryBytesMin);
  copy.set_disk_guid(disk_guid);
  copy.entries.resize(kEntriesSectors * kSectorBytes);
  return copy;
}

Status write_entry(const NewPartition& partition, size_t position, uint64_t first_lba, uint64_t last_lba,
                   uint8_t* entry) {
  const Guid unique_guid = partition.unique_guid.is_null() ? Guid::random() : partition.unique_guid;
  const std::array<uint8_t, 16> type_bytes = partition.type_guid.to_gpt_bytes();
  const std::array<uint8_t, 16> unique_bytes = unique_guid.to_gpt_bytes();
  std::copy(type_bytes.begin(), type_bytes.end(), entry);
  std::copy(unique_bytes.begin(), unique_bytes.end(), entry + 16);
  store_le64(entry + 32, first_lba);
  store_le64(entry + 40, last_lba);
  store_le64(entry + 48, partition.attributes);
  if (!utf8_to_utf16le(partition.name, {entry + kGptNameOffset, kGptNameBytes})) {
    return invalid(position, "the name is not UTF-8 of at most 36 UTF-16 units");
  }
  return Status();
}

Status check_requests(std::span<const NewPartition> partitions) {
  if (partitions.size() > kEntryCount) {
    return Status(Code::invalid_argument, "a GPT of this builder has at most 128 partitions");
  }
  for (size_t i = 0; i < partitions.size(); ++i) {
    const NewPartition& partition = partitions[i];
    if (partition.type_guid.is_null()) return invalid(i, "the type GUID is null, which means an unused entry");
    if (partition.length_bytes % kSectorBytes != 0) return invalid(i, "the length is not a multiple of 512");
    if (partition.length_bytes == 0 && i + 1 != partitions.size()) {
      return invalid(i, "only the last partition can take all that is left");
    }
    for (size_t j = 0; j < i; ++j) {
      if (!partition.unique_guid.is_null() && partition.unique_guid == partitions[j].unique_guid) {
        return invalid(i, "its GUID is that of new partition " + std::to_string(j + 1));
      }
    }
  }
  return Status();
}

/// Partitions start on the alignment and follow each other; usable space is known to be there.
Status place_partitions(std::span<const NewPartition> partitions, GptCopy* copy) {
  const uint64_t usable_end = copy->last_usable_lba() + 1;
  uint64_t first = kAlignmentSectors;
  for (size_t i = 0; i < partitions.size(); ++i) {
    uint64_t sectors = partitions[i].length_bytes / kSectorBytes;
    if (sectors == 0 && first < usable_end) sectors = align_down(usable_end, kAlignmentSectors) - first;
    if (sectors == 0 || !range_fits(first, sectors, usable_end)) {
      return Status(Code::disk_too_small, "new partition " + std::to_string(i + 1) + " does not fit: from LBA " +
                                              std::to_string(first) + " the LUN has usable sectors up to LBA " +
                                              std::to_string(usable_end));
    }
    Status status =
        write_entry(partitions[i], i, first, first + sectors - 1, copy->entries.data() + i * kGptEntryBytesMin);
    if (!status.ok()) return status;
    first = align_up(first + sectors, kAlignmentSectors);
  }
  return Status();
}

Patch protective_mbr(uint64_t sector_count) {
  Patch patch{0, std::vector<uint8_t>(kSectorBytes)};
  uint8_t* entry = patch.bytes.data() + kMbrTableOffset;
  // CHS addresses as the UEFI specification fixes them: sector 2 of the first track, and "beyond CHS".
  entry[2] = 0x02;
  entry[4] = kMbrTypeProtective;
  entry[5] = entry[6] = entry[7] = 0xFF;
  store_le32(entry + 8, 1);
  store_le32(entry + 12, static_cast<uint32_t>(std::min<uint64_t>(sector_count - 1, UINT32_MAX)));
  patch.bytes[510] = 0x55;
  patch.bytes[511] = 0xAA;
  return patch;
}

}  // namespace

Result<std::vector<Patch>> make_gpt(uint64_t size_bytes, const Guid& disk_guid,
                                    std::span<const NewPartition> partitions) {
  const uint64_t sector_count = size_bytes / kSectorBytes;
  if (size_bytes % kSectorBytes != 0) {
    return Status(Code::invalid_argument, "the size of a LUN is a multiple of 512");
  }
  // Two tables and one aligned sector of data between them.
  if (sector_count < kAlignmentSectors + 2 + kEntriesSectors) {
    return Status(Code::disk_too_small,
                  "a GPT with partitions on 1 MiB boundaries needs more than " + std::to_string(size_bytes) + " bytes");
  }
  Status status = check_requests(partitions);
  if (!status.ok()) return status;
  GptCopy copy = empty_copy(sector_count, disk_guid.is_null() ? Guid::random() : disk_guid);
  status = place_partitions(partitions, &copy);
  if (!status.ok()) return status;
  const uint64_t last_lba = sector_count - 1;
  GptPair pair{copy, std::move(copy)};
  pair.primary.set_place(kGptPrimaryLba, last_lba, kGptPrimaryLba + 1);
  pair.backup.set_place(last_lba, kGptPrimaryLba, last_lba - kEntriesSectors);
  std::vector<Patch> patches = gpt_patches(std::move(pair));
  patches.push_back(protective_mbr(sector_count));
  return patches;
}

}  // namespace holdfast
