#include "disk/mbr.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/checked.h"
#include "base/endian.h"

namespace holdfast {
namespace {

constexpr size_t kEbrLinksMax = 256;
constexpr size_t kExtMagicOffset = 56;

bool is_extended_type(uint8_t type) { return type == 0x05 || type == 0x0F || type == 0x85; }

bool is_known_status(uint8_t status) { return status == 0x00 || status == 0x80; }

Status at_lba(Code code, uint64_t lba, const std::string& what) {
  return Status(code, "LBA " + std::to_string(lba) + ": " + what, 0, lba * kSectorBytes);
}

Partition make_partition(uint32_t index, const MbrEntry& entry, uint64_t first_lba) {
  Partition partition;
  partition.index = index;
  partition.mbr_type = entry.type;
  partition.first_lba = first_lba;
  partition.last_lba = first_lba + entry.sectors - 1;
  partition.offset_bytes = first_lba * kSectorBytes;
  partition.length_bytes = uint64_t{entry.sectors} * kSectorBytes;
  partition.is_extended = is_extended_type(entry.type);
  return partition;
}

/// `table_lba` is the sector whose entry this is.
Status check_range(const Partition& partition, uint64_t table_lba, uint64_t sector_count) {
  if (partition.first_lba == 0) {
    return at_lba(Code::disk_layout, table_lba,
                  "partition " + std::to_string(partition.index) + " covers the partition table itself");
  }
  if (partition.last_lba >= sector_count) {
    return at_lba(Code::disk_damaged, table_lba,
                  "partition " + std::to_string(partition.index) + " ends at LBA " +
                      std::to_string(partition.last_lba) + ", but the LUN has " + std::to_string(sector_count) +
                      " sectors: the image was cut short");
  }
  return Status();
}

/// Follows the links of one extended partition. Every record must lie in it, so a link cannot lead astray; the number
/// of links is bounded, so it cannot lead in a circle.
Status read_logical(const SectorReader& reader, const Partition& extended, MbrPartitions* out, uint32_t* next_index) {
  uint64_t ebr_lba = extended.first_lba;
  for (size_t links = 0; links < kEbrLinksMax; ++links) {
    const uint8_t* sector = reader.find(ebr_lba);
    if (sector == nullptr) {
      out->has_extended_beyond_head = true;
      return Status();
    }
    if (!has_boot_signature(sector)) {
      // An extended partition that never held a logical one may be all zero.
      const bool blank = std::all_of(sector, sector + kSectorBytes, [](uint8_t byte) { return byte == 0; });
      if (links == 0 && blank) return Status();
      return at_lba(Code::disk_damaged, ebr_lba, "extended boot record without 55h AAh");
    }
    const MbrEntries entries = mbr_entries(sector);
    if (entries[0].used() && !is_extended_type(entries[0].type)) {
      Partition logical = make_partition((*next_index)++, entries[0], ebr_lba + entries[0].first_lba);
      if (logical.first_lba <= ebr_lba || logical.last_lba > extended.last_lba) {
        return at_lba(Code::disk_damaged, ebr_lba,
                      "logical partition " + std::to_string(logical.index) + " leaves its extended partition");
      }
      out->partitions.push_back(std::move(logical));
    }
    if (!entries[1].used() || !is_extended_type(entries[1].type)) return Status();
    ebr_lba = extended.first_lba + entries[1].first_lba;
    if (ebr_lba > extended.last_lba) {
      return at_lba(Code::disk_damaged, ebr_lba, "link to an extended boot record leaves the extended partition");
    }
  }
  return at_lba(Code::disk_damaged, ebr_lba,
                "more than " + std::to_string(kEbrLinksMax) + " logical partitions: the chain runs in a circle");
}

}  // namespace

bool has_boot_signature(const uint8_t* sector) { return sector[510] == 0x55 && sector[511] == 0xAA; }

MbrEntries mbr_entries(const uint8_t* sector) {
  MbrEntries entries;
  for (size_t i = 0; i < entries.size(); ++i) {
    const uint8_t* bytes = sector + kMbrTableOffset + i * kMbrEntryBytes;
    entries[i] = MbrEntry{bytes[0], bytes[4], load_le32(bytes + 8), load_le32(bytes + 12)};
  }
  return entries;
}

uint32_t mbr_signature(const uint8_t* sector) { return load_le32(sector + kMbrSignatureOffset); }

bool is_plausible_table(const MbrEntries& entries) {
  bool any = false;
  for (const MbrEntry& entry : entries) {
    if (!is_known_status(entry.status)) return false;
    if (!entry.used()) continue;
    if (entry.first_lba == 0) return false;
    any = true;
  }
  return any;
}

bool is_file_system_boot_sector(const uint8_t* sector) {
  const bool jump = (sector[0] == 0xEB && sector[2] == 0x90) || sector[0] == 0xE9;
  if (!jump) return false;
  for (const char* oem : {"NTFS    ", "EXFAT   ", "-FVE-FS-"}) {
    if (std::equal(sector + 3, sector + 11, reinterpret_cast<const uint8_t*>(oem))) return true;
  }
  const uint16_t bytes_per_sector = load_le16(sector + 11);
  const bool sector_size = is_power_of_two(bytes_per_sector) && bytes_per_sector >= 512 && bytes_per_sector <= 4096;
  const bool cluster_size = is_power_of_two(sector[13]);
  const bool reserved_sectors = load_le16(sector + 14) != 0;
  const bool fat_count = sector[16] == 1 || sector[16] == 2;
  const bool media = sector[21] == 0xF0 || sector[21] >= 0xF8;
  return sector_size && cluster_size && reserved_sectors && fat_count && media;
}

bool has_ext_superblock(const SectorReader& reader) {
  const uint8_t* superblock = reader.find(2);
  return superblock != nullptr && load_le16(superblock + kExtMagicOffset) == 0xEF53;
}

Result<MbrPartitions> read_mbr_partitions(const SectorReader& reader) {
  const MbrEntries entries = mbr_entries(reader.find(0));
  MbrPartitions out;
  for (uint32_t i = 0; i < entries.size(); ++i) {
    if (!is_known_status(entries[i].status)) {
      return at_lba(Code::disk_damaged, 0,
                    "partition entry " + std::to_string(i + 1) + " has the status byte " +
                        std::to_string(entries[i].status) + "; only 0 and 128 exist");
    }
    if (!entries[i].used()) continue;
    Partition partition = make_partition(i + 1, entries[i], entries[i].first_lba);
    Status status = check_range(partition, 0, reader.sector_count());
    if (!status.ok()) return status;
    out.partitions.push_back(std::move(partition));
  }
  const std::vector<Partition> primary = out.partitions;
  uint32_t next_index = 5;
  for (const Partition& partition : primary) {
    if (!partition.is_extended) continue;
    Status status = read_logical(reader, partition, &out, &next_index);
    if (!status.ok()) return status;
  }
  Status status = check_overlaps(out.partitions);
  if (!status.ok()) return status;
  return out;
}

Status check_overlaps(const std::vector<Partition>& partitions) {
  // Logical partitions were proved to lie in their extended one; they are compared with each other only.
  for (const bool logical : {false, true}) {
    std::vector<const Partition*> sorted;
    for (const Partition& partition : partitions) {
      if ((partition.mbr_type != 0 && partition.index >= 5) == logical) sorted.push_back(&partition);
    }
    std::sort(sorted.begin(), sorted.end(),
              [](const Partition* a, const Partition* b) { return a->first_lba < b->first_lba; });
    for (size_t i = 1; i < sorted.size(); ++i) {
      const Partition& before = *sorted[i - 1];
      const Partition& after = *sorted[i];
      if (after.first_lba <= before.last_lba) {
        return at_lba(
            Code::disk_layout, after.first_lba,
            "partitions " + std::to_string(before.index) + " and " + std::to_string(after.index) + " overlap");
      }
    }
  }
  return Status();
}

}  // namespace holdfast
