#include "disk/layout.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "disk/gpt.h"
#include "disk/ldm.h"
#include "disk/mbr.h"
#include "disk/mbr_flags.h"

namespace holdfast {
namespace {

constexpr uint64_t kLargeSectorBytes = 4096;

bool has_type(const MbrEntries& entries, uint8_t type) {
  return std::any_of(entries.begin(), entries.end(), [type](const MbrEntry& entry) { return entry.type == type; });
}

/// A GPT written through a device with 4096-byte blocks has its header in block 1 of that size.
bool is_large_sector_gpt(const SectorReader& reader) {
  const uint8_t* sector = reader.find(kLargeSectorBytes / kSectorBytes);
  return sector != nullptr && std::memcmp(sector, "EFI PART", 8) == 0;
}

Result<DiskLayout> read_gpt_layout(const SectorReader& reader, const MbrEntries& entries, DiskLayout layout) {
  Result<GptTable> read = read_gpt(reader);
  if (!read.ok()) {
    if (!has_gpt_header(reader, kGptPrimaryLba) && is_large_sector_gpt(reader)) {
      return Status(Code::disk_layout, "LBA 8: the GPT was written for sectors of 4096 bytes, a LUN has 512", 0,
                    kLargeSectorBytes);
    }
    return read.status();
  }
  const GptTable& table = read.value();
  const GptCopy& current = table.current();
  Result<std::vector<Partition>> partitions = gpt_partitions(current);
  if (!partitions.ok()) return partitions.status();
  layout.kind = LayoutKind::gpt;
  layout.disk_guid = current.disk_guid();
  layout.first_usable_lba = current.first_usable_lba();
  layout.last_usable_lba = current.last_usable_lba();
  layout.partitions = partitions.take();
  layout.ldm = std::any_of(layout.partitions.begin(), layout.partitions.end(),
                           [](const Partition& partition) { return partition.type_guid == kTypeLdmMetadata; });
  layout.hybrid = std::any_of(entries.begin(), entries.end(),
                              [](const MbrEntry& entry) { return entry.used() && entry.type != kMbrTypeProtective; });
  layout.damaged_primary = !table.primary;
  layout.damaged_backup = !table.backup && !table.backup_misplaced;
  layout.backup_misplaced = table.backup_misplaced;
  layout.copies_differ = table.copies_differ;
  return layout;
}

/// A sound GPT header whose MBR does not protect it: was the MBR damaged, or is the GPT left over? A partition over
/// LBA 1 or an empty table says damaged; a table that leaves LBA 1 alone says left over.
bool is_unprotected_gpt(const std::vector<Partition>& partitions) {
  return partitions.empty() || std::any_of(partitions.begin(), partitions.end(), [](const Partition& partition) {
           return partition.first_lba <= kGptPrimaryLba;
         });
}

Status unprotected_gpt() {
  return Status(Code::disk_damaged,
                "LBA 0: a valid GPT header lies at LBA 1, but the MBR has no protective partition of type EEh", 0, 0);
}

Result<DiskLayout> read_mbr_layout(const SectorReader& reader, const MbrEntries& entries, DiskLayout layout) {
  const bool plausible = is_plausible_table(entries);
  if (!plausible && is_file_system_boot_sector(reader.find(0))) {
    layout.bare_file_system = true;
    return layout;
  }
  Result<MbrPartitions> read = read_mbr_partitions(reader);
  if (!read.ok()) return read.status();
  if (has_gpt_header(reader, kGptPrimaryLba)) {
    if (is_unprotected_gpt(read.value().partitions)) return unprotected_gpt();
    layout.stale_gpt = true;
  }
  if (read.value().partitions.empty() && has_ext_superblock(reader)) {
    layout.bare_file_system = true;
    return layout;
  }
  layout.kind = LayoutKind::mbr;
  layout.mbr_signature = mbr_signature(reader.find(0));
  layout.has_extended_beyond_head = read.value().has_extended_beyond_head;
  layout.partitions = std::move(read.value().partitions);
  layout.ldm = has_type(entries, kMbrTypeLdm) && has_ldm_private_header(reader);
  if (layout.ldm) layout.ldm_signature = read_ldm_signature(reader);
  const uint64_t flags = read_mbr_flags(reader, layout.partitions);
  for (Partition& partition : layout.partitions) partition.vss_flags = flags;
  return layout;
}

}  // namespace

Result<DiskLayout> read_layout(const DiskView& view) {
  Status status = check_view(view);
  if (!status.ok()) return status;
  const SectorReader reader(view);
  const uint8_t* first = reader.find(0);
  DiskLayout layout;
  layout.size_bytes = view.size_bytes;
  const MbrEntries entries = mbr_entries(first);
  if (has_boot_signature(first) && has_type(entries, kMbrTypeProtective)) {
    layout.mbr_signature = mbr_signature(first);
    return read_gpt_layout(reader, entries, std::move(layout));
  }
  layout.stale_gpt = has_gpt_header(reader, reader.sector_count() - 1);
  if (has_boot_signature(first)) return read_mbr_layout(reader, entries, std::move(layout));
  if (has_gpt_header(reader, kGptPrimaryLba)) return unprotected_gpt();
  layout.bare_file_system = has_ext_superblock(reader);
  return layout;
}

}  // namespace holdfast
