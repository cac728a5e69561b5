// native/disk/layout.h
//
// Which partition table a LUN has and what it says. Damage that leaves one good copy is reported and read around;
// damage that leaves a doubt is an error, because a wrong layout would be copied, rewritten and trusted.
// Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/guid.h"
#include "base/status.h"
#include "disk/partition.h"
#include "disk/view.h"

namespace holdfast {

struct DiskLayout {
  LayoutKind kind = LayoutKind::none;
  uint64_t size_bytes = 0;
  /// GPT only.
  Guid disk_guid;
  uint64_t first_usable_lba = 0;
  uint64_t last_usable_lba = 0;
  /// MBR: the disk signature. GPT: that of the MBR in LBA 0, which is usually 0.
  uint32_t mbr_signature = 0;
  /// In the order of the table; extended MBR partitions are followed, after the primary ones, by their logical ones.
  std::vector<Partition> partitions;

  /// A dynamic disk of the Logical Disk Manager: volumes are described by its database, not by the partitions.
  bool ldm = false;
  /// The signature that the private headers of a dynamic MBR disk give; none if they are not sound.
  std::optional<uint32_t> ldm_signature;
  /// GPT whose MBR names further partitions beside the protective one.
  bool hybrid = false;
  /// One GPT copy did not check out; everything here comes from the other.
  bool damaged_primary = false;
  bool damaged_backup = false;
  /// The LUN has grown: the primary names a backup that is not in the last sector.
  bool backup_misplaced = false;
  /// Both copies are valid but differ; everything here comes from the primary.
  bool copies_differ = false;
  /// Remains of a GPT on a disk that is none any more. They are ignored.
  bool stale_gpt = false;
  /// Kind none, but LBA 0 is a file system: the LUN is one volume without a table.
  bool bare_file_system = false;
  /// MBR: there are more logical partitions than listed.
  bool has_extended_beyond_head = false;
};

/// disk_too_small, invalid_argument (view), disk_damaged or disk_layout; the error names the LBA.
Result<DiskLayout> read_layout(const DiskView& view);

}  // namespace holdfast
