// native/disk/ldm.h
//
// The private headers of a dynamic disk (Logical Disk Manager), which name the disk beside its MBR: one in LBA 6 and
// two in the database at the end, at sectors 1856 and 2047 of the region that the header itself names. Numbers are
// big-endian.
//
//   0 "PRIVHEAD"    8 u32 checksum, the sum of all bytes but these four    12 u16 version 2    299 u64 LBA of the
//   database    307 u64 its sectors    355 u32 disk signature
//
// A header counts if its checksum is right, and the two others if they are the same sector, so what is damaged stays
// as it is. Signatures are taken as they are: on disks that were converted long ago they need not be the MBR's.
//
// The rest of the database names disks by GUIDs, in records with a state of their own; it is left alone.
// Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "disk/view.h"

namespace holdfast {

inline constexpr uint64_t kLdmPrivateHeaderLba = 6;

/// Whether LBA 6 begins as a private header, sound or not.
bool has_ldm_private_header(const SectorReader& reader);

/// What the private headers say the signature of the disk is; nothing if that in LBA 6 is not sound.
std::optional<uint32_t> read_ldm_signature(const SectorReader& reader);

/// The same headers with another signature. Those at the end of a LUN that has grown are out of sight and stay.
std::vector<Patch> rewrite_ldm_signature(const SectorReader& reader, uint32_t signature);

}  // namespace holdfast
