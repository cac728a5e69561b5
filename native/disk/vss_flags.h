// native/disk/vss_flags.h
//
// The four flags by which a system knows that a volume belongs to a shadow copy: read-only, shadow copy, hidden, no
// drive letter. GPT keeps them per partition, an MBR disk once for all its partitions (mbr_flags.h).
// Thread: any.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "disk/layout.h"
#include "disk/view.h"

namespace holdfast {

/// The flags a shadow copy of this disk gets: all four, but not read-only on a dynamic disk, where it must not be set.
uint64_t vss_flags_for_copy(const DiskLayout& layout);

/// What has to be written so that every partition has the flags of `set_mask` and none of `clear_mask`; nothing but
/// these four bits and the checksums over them changes, and a damaged GPT copy is repaired on the way.
///
/// invalid_argument: other bits, or one both set and cleared. disk_layout: read-only on a dynamic disk, or an MBR disk
/// without a free sector before its first partition. A disk without partitions needs nothing: no patches.
Result<std::vector<Patch>> set_vss_flags(const DiskView& view, uint64_t set_mask, uint64_t clear_mask);

/// The flags of the partition with this index; invalid_argument if there is none.
Result<uint64_t> vss_flags_of(const DiskView& view, uint32_t partition_index);

}  // namespace holdfast
