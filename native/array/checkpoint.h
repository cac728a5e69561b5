// native/array/checkpoint.h
//
// The whole state of an array at the moment one journal ended and the next began.
//
// File checkpoint.N, written as checkpoint.N.tmp and renamed when it and all data it names are synced:
//
//   page 0         u32 magic "HFCP", u32 CRC-32C of the rest of the page, u32 format, u32 next branch, array id,
//                  u64 number N, u64 generation of journal.N, u64 first sequence of journal.N, u64 bytes of structure,
//                  u32 CRC-32C of the structure, u32 count of leaves, u64 bytes of summary, u32 CRC-32C of the summary,
//                  zeroes
//   structure      records as in the journal: families, stamps, LUNs, sets; padded to 4096
//   summary        only if the array was closed: what lets it be opened without its leaves (array/summary.h); padded
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
  std::vector<uint8_t> summary;                                  // empty: there is none
  std::vector<std::pair<uint32_t, VersionMap::LeafRef>> leaves;  // with their families, in order
  // Each leaf is let go of when it has been written: what changes meanwhile need not be copied, and the image is
  // written only once.
  bool written_once = false;
};

/// A checkpoint as it is read; its leaves may stay where they are.
struct StoredCheckpoint {
  CheckpointImage image;
  uint64_t leaves_at_bytes = 0;
  uint32_t leaf_count = 0;
};

struct CheckpointLeaf {
  uint32_t family = 0;
  VersionMap::LeafRef leaf;
};

/// Writes the image to an open, empty file and syncs it.
Task<Status> write_checkpoint(Loop& loop, int file, CheckpointImage& image);

/// Reads and checks all of a checkpoint but its leaves; array_damaged with the offset, or array_format.
Task<Result<StoredCheckpoint>> read_checkpoint(Loop& loop, int file, uint64_t size_bytes, const std::string& name);
/// Reads and checks its leaves as well.
Task<Status> read_leaves(Loop& loop, int file, const std::string& name, StoredCheckpoint* checkpoint);
/// The leaf in the page that lies at `at_bytes` of the file; array_damaged if it is none.
Status parse_leaf(const uint8_t* page, const std::string& name, uint64_t at_bytes, CheckpointLeaf* leaf);

}  // namespace holdfast
