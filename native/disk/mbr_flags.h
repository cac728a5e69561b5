// native/disk/mbr_flags.h
//
// Where an MBR disk keeps the four VSS flags: MBR entries have no room for them, so they lie in one sector of the gap
// before the first partition and hold for all partitions of the disk. The format is ours; Microsoft's is not public.
//
//   0 magic "HFVSSFLG" | 8 version u32 | 12 disk signature u32 | 16 flags u64 | 24.. zero | 508 CRC-32 of bytes 0..507
//
// All little-endian. A record whose signature is not the disk's is stale and says nothing. No flags: a zeroed sector.
// Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "disk/partition.h"
#include "disk/view.h"

namespace holdfast {

struct MbrFlags {
  uint32_t disk_signature = 0;
  uint64_t flags = 0;
};

/// The last sector of the gap, as far as it lies in the head; never LBA 0 (MBR) or LBA 6 (dynamic disks). 0: there is
/// no such sector. Depends on the partition table alone, so it is found again.
uint64_t mbr_flags_lba(const SectorReader& reader, const std::vector<Partition>& partitions);

std::optional<MbrFlags> decode_mbr_flags(const uint8_t* sector);
/// A sector; all zero if there are no flags.
std::vector<uint8_t> encode_mbr_flags(const MbrFlags& record);

/// The flags that hold for an MBR disk with these partitions: 0 without a record of this signature.
uint64_t read_mbr_flags(const SectorReader& reader, const std::vector<Partition>& partitions);

}  // namespace holdfast
