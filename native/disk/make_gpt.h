// native/disk/make_gpt.h
//
// Partitions an empty LUN: protective MBR, two GPT copies, partitions on 1 MiB boundaries.
// Thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/guid.h"
#include "base/status.h"
#include "disk/partition.h"
#include "disk/view.h"

namespace holdfast {

struct NewPartition {
  Guid type_guid = kTypeLinuxData;
  /// Null: a random one.
  Guid unique_guid;
  /// A multiple of the sector; 0: all that is left, for the last partition only.
  uint64_t length_bytes = 0;
  uint64_t attributes = 0;
  /// UTF-8, at most 36 units of UTF-16.
  std::string name;
};

/// A null disk GUID becomes a random one. The protective MBR is written last: until then the LUN has no table.
/// disk_too_small if the partitions do not fit; invalid_argument for sizes, names and ids that cannot be written.
Result<std::vector<Patch>> make_gpt(uint64_t size_bytes, const Guid& disk_guid,
                                    std::span<const NewPartition> partitions);

}  // namespace holdfast
