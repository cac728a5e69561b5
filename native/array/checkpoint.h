// native/array/checkpoint.h
//
// The whole state of an array at the moment one journal ended and the next began.
//
// File checkpoint.N, written as checkpoint.N.tmp and renamed when it and all data it names are synced:
//
//   page 0         u32 magic "HFCP", u32 CRC-32C of the rest of the page, u32 format, u32 next branch, array id,
//                  u64 number N, u64 generation of journal.N, u64 first sequence of journal.N, u64 bytes of structure,
//                  u32 CRC-32C of the structure, u32 count of leaves, zeroes
//   structure      records as in the journal: families, stamps, LUNs, sets; padded to 4096
//   leaves         one page each: u32 CRC-32C of the rest, u32 family, u32 entry count, u32 zero, entries
//
// The leaves are the map's own, shared while they are written (array/version_map.h).
//
// Thread: the loop's. Crash: a checkpoint without its final name does not exist.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "array/branches.h"
#include "array/records.h"
#include "array/version_map.h"
#include "base/status.h"
#include "io/loop.h"

namespace holdfast {

struct CheckpointHeader {
  Guid array;
  uint64_t number = 0;
  uint64_t journal_generation = 0;
  uint64_t first_sequence = 1;
  BranchId next_branch = 1;
};

struct CheckpointImage {
  CheckpointHeader header;
  std::vector<uint8_t> structure;
  std::vector<std::pair<uint32_t, VersionMap::LeafRef>> leaves;  // with their families, in order
};

/// Writes the image to an open, empty file and syncs it.
Task<Status> write_checkpoint(Loop& loop, int file, const CheckpointImage& image);

/// Reads and checks a whole checkpoint; array_damaged with the offset, or array_format.
Task<Result<CheckpointImage>> read_checkpoint(Loop& loop, int file, uint64_t size_bytes, const std::string& name);

}  // namespace holdfast
