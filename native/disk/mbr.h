// native/disk/mbr.h
//
// The master boot record: LBA 0 with four partition entries, and the chain of extended boot records behind it.
// Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "disk/partition.h"
#include "disk/view.h"

namespace holdfast {

inline constexpr uint8_t kMbrTypeLdm = 0x42;
inline constexpr uint8_t kMbrTypeProtective = 0xEE;
inline constexpr size_t kMbrSignatureOffset = 440;
inline constexpr size_t kMbrTableOffset = 446;
inline constexpr size_t kMbrEntryBytes = 16;

struct MbrEntry {
  uint8_t status = 0;
  uint8_t type = 0;
  uint32_t first_lba = 0;
  uint32_t sectors = 0;

  bool used() const { return type != 0 && sectors != 0; }
};

using MbrEntries = std::array<MbrEntry, 4>;

/// The sector ends in 55h AAh.
bool has_boot_signature(const uint8_t* sector);
MbrEntries mbr_entries(const uint8_t* sector);
uint32_t mbr_signature(const uint8_t* sector);

/// Every status byte is one that boot code understands, and there is a partition that does not start in LBA 0. Boot
/// code of a file system does not look like this by chance.
bool is_plausible_table(const MbrEntries& entries);

/// A FAT, exFAT, NTFS or BitLocker boot sector, by its jump, OEM name and BIOS parameter block.
bool is_file_system_boot_sector(const uint8_t* sector);
/// An ext2, ext3 or ext4 superblock at byte 1024.
bool has_ext_superblock(const SectorReader& reader);

struct MbrPartitions {
  std::vector<Partition> partitions;
  /// The chain of logical partitions leads out of the bytes of the view; those found before that are listed.
  bool has_extended_beyond_head = false;
};

/// disk_damaged for impossible bytes and for partitions beyond the end of the LUN, disk_layout for overlaps.
/// Precondition: has_boot_signature, and not a GPT disk.
Result<MbrPartitions> read_mbr_partitions(const SectorReader& reader);

/// disk_layout naming both if two partitions share a sector; extended ones may hold logical ones.
Status check_overlaps(const std::vector<Partition>& partitions);

}  // namespace holdfast
