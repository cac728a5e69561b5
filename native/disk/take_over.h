// native/disk/take_over.h
//
// The partition table of a disk that has been given the bytes of a shadow copy: whose identity it has from now on, and
// without the flags by which a system knows a shadow copy.
// Thread: any.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "disk/identity.h"
#include "disk/layout.h"
#include "disk/view.h"

namespace holdfast {

/// The identity for `content` on the disk that had `former`: of what both have, that of `former`; of the rest a new
/// one, because what is in `content` belongs to the disk it was copied from. A partition is the same one where it
/// begins at the same LBA.
DiskIdentity keep_identity(const DiskLayout& former, const DiskLayout& content);

/// Both describe the same partitions in the same places, whatever they are called.
bool has_same_partitions(const DiskLayout& one, const DiskLayout& other);

/// What has to be written so that the disk has this identity, and its partitions, in the order of the table, these VSS
/// flags and no others; of an MBR disk the first counts for all. Errors as rewrite_identity and set_vss_flags.
Result<std::vector<Patch>> take_over(const DiskView& view, const DiskIdentity& identity,
                                     const std::vector<uint64_t>& vss_flags);

}  // namespace holdfast
