// native/disk/gpt.h
//
// The GUID partition table: two copies of a header and of an entry array, each under CRC-32. A copy that does not
// check out is never believed; one good copy is enough to read the disk and to repair the other.
//
// Crash: patches are ordered backup entries, backup header, primary entries, primary header. Written in that order
// with a flush between, at least one copy is whole at every moment.
// Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/guid.h"
#include "base/status.h"
#include "disk/partition.h"
#include "disk/view.h"

namespace holdfast {

inline constexpr uint64_t kGptPrimaryLba = 1;
inline constexpr uint32_t kGptEntryBytesMin = 128;
inline constexpr uint32_t kGptHeaderBytesMin = 92;
inline constexpr size_t kGptNameOffset = 56;
inline constexpr size_t kGptNameBytes = 72;

/// One copy: the header's sector and the entry array in whole sectors, as on disk.
struct GptCopy {
  std::array<uint8_t, kSectorBytes> header{};
  std::vector<uint8_t> entries;

  uint32_t header_bytes() const;
  uint64_t my_lba() const;
  uint64_t alternate_lba() const;
  uint64_t first_usable_lba() const;
  uint64_t last_usable_lba() const;
  Guid disk_guid() const;
  uint64_t entries_lba() const;
  uint32_t entry_count() const;
  uint32_t entry_bytes() const;
  uint64_t entries_sectors() const { return entries.size() / kSectorBytes; }

  void set_place(uint64_t my_lba, uint64_t alternate_lba, uint64_t entries_lba);
  void set_disk_guid(const Guid& guid);
  /// Calls back with the bytes of every used entry, in order, and its slot counted from 1.
  void for_each_used(const std::function<void(uint8_t* entry, uint32_t index)>& visit);
  /// Recomputes both checksums.
  void seal();
};

struct GptTable {
  /// The copies that checked out; at least one.
  std::optional<GptCopy> primary;
  std::optional<GptCopy> backup;
  /// The primary names a backup that is not in the last sector: the LUN has grown. It counts as having no backup.
  bool backup_misplaced = false;
  /// Both are valid but describe different disks: a rewrite was cut off between them. The primary is believed.
  bool copies_differ = false;

  const GptCopy& current() const { return primary ? *primary : *backup; }
};

/// A header with signature and checksum lies at this LBA; says nothing of its entries.
bool has_gpt_header(const SectorReader& reader, uint64_t lba);

/// disk_damaged if no copy is good or the image was cut short; disk_layout if a sound header asks for what cannot be
/// (a usable area inside the table) or what this code does not do (an entry array beyond the bytes of the view).
Result<GptTable> read_gpt(const SectorReader& reader);

/// disk_layout for partitions outside the usable range or sharing sectors.
Result<std::vector<Partition>> gpt_partitions(const GptCopy& copy);

/// Primary and backup as they have to be written: as they are if both are good and agree, else the wrong one derived
/// from the other. disk_layout if there is no room for it.
struct GptPair {
  GptCopy primary;
  GptCopy backup;
};
Result<GptPair> both_copies(const GptTable& table, const SectorReader& reader);

/// Seals both and gives them in the order in which they must be written.
std::vector<Patch> gpt_patches(GptPair pair);

}  // namespace holdfast
