#include "array/leaf_store.h"

#include <algorithm>

#include "array/aligned.h"
#include "array/checkpoint.h"

namespace holdfast {
namespace {

constexpr uint32_t kPagesPerRead = 64;

}  // namespace

Status LeafStore::damaged(uint64_t at_bytes, const char* what) const {
  return Status(Code::array_damaged, name_ + " is damaged at byte " + std::to_string(at_bytes) + ": " + what, 0,
                at_bytes);
}

// Pages behind the first one that belong to other families, or are resident, are passed over.
Task<Status> LeafStore::read(VersionMap& map, uint32_t family, const MapLimits& limits, VersionMap::Stored first,
                             uint32_t pages) {
  if (first.page >= leaf_count_) co_return damaged(leaves_at_bytes_, "a directory names a leaf that is not there");
  const uint32_t count = std::min(pages, leaf_count_ - first.page);
  const uint64_t at = leaves_at_bytes_ + uint64_t{first.page} * kUnitBytes;
  AlignedBuffer bytes = make_aligned(uint64_t{count} * kUnitBytes);
  const int64_t result = co_await IoAwait(loop_, IoOp::read, file_, at, bytes.get(), uint64_t{count} * kUnitBytes);
  if (result < 0) co_return Status::from_errno(static_cast<int>(-result), "reading " + name_, at);
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t page_at = at + uint64_t{i} * kUnitBytes;
    CheckpointLeaf leaf;
    Status parsed = parse_leaf(bytes.get() + uint64_t{i} * kUnitBytes, name_, page_at, &leaf);
    if (!parsed.ok()) co_return parsed;
    VersionMap::Stored stored = first;
    if (i > 0) {
      stored = VersionMap::Stored{VersionMap::key_of(leaf.leaf->entries[0]), first.page + i, leaf.leaf->entry_count};
    }
    const bool is_ours = leaf.family == family;
    if (i > 0 && !is_ours) break;
    if (!is_ours || !map.is_that_leaf(stored, *leaf.leaf.get())) {
      co_return damaged(page_at, "a leaf is not the one that its directory names");
    }
    const char* fault = fault_in_leaf(*leaf.leaf.get(), limits);
    if (fault != nullptr) co_return damaged(page_at, fault);
    map.make_resident(stored, std::move(leaf.leaf));
  }
  co_return Status();
}

Task<Status> LeafStore::load(VersionMap& map, uint32_t family, MapLimits limits, UnitIndex first, uint32_t count) {
  VersionMap::Stored stored;
  while (map.find_stored(first, first + (count - 1), &stored)) {
    Status done = co_await read(map, family, limits, stored, 1);
    if (!done.ok()) co_return done;
  }
  co_return Status();
}

Task<Status> LeafStore::load_all(VersionMap& map, uint32_t family, MapLimits limits) {
  VersionMap::Stored stored;
  while (map.find_stored(0, UINT32_MAX, &stored)) {
    Status done = co_await read(map, family, limits, stored, kPagesPerRead);
    if (!done.ok()) co_return done;
  }
  co_return Status();
}

}  // namespace holdfast
