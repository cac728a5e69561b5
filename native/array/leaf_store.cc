#include "array/leaf_store.h"

#include <algorithm>

#include "array/aligned.h"
#include "array/checkpoint.h"

namespace holdfast {
namespace {

constexpr uint32_t kPagesPerRead = 64;

}  // namespace

// Pages behind the first one that belong to other families, or are resident, are passed over.
Task<Status> LeafStore::read(VersionMap& map, uint32_t family, VersionMap::Stored first, uint32_t pages) {
  const uint32_t count = std::min(pages, leaf_count_ - first.page);
  const uint64_t at = leaves_at_bytes_ + uint64_t{first.page} * kUnitBytes;
  AlignedBuffer bytes = make_aligned(uint64_t{count} * kUnitBytes);
  const int64_t result = co_await IoAwait(loop_, IoOp::read, file_, at, bytes.get(), uint64_t{count} * kUnitBytes);
  if (result < 0) co_return Status::from_errno(static_cast<int>(-result), "reading " + name_, at);
  for (uint32_t i = 0; i < count; ++i) {
    CheckpointLeaf leaf;
    Status parsed = parse_leaf(bytes.get() + uint64_t{i} * kUnitBytes, name_, at + uint64_t{i} * kUnitBytes, &leaf);
    if (!parsed.ok()) co_return parsed;
    const uint64_t first_key = VersionMap::key_of(leaf.leaf->entries[0]);
    if (i == 0 && (leaf.family != family || first_key != first.first_key)) {
      co_return Status(
          Code::array_damaged,
          name_ + " is damaged at byte " + std::to_string(at) + ": a leaf is not the one that its directory names", 0,
          at);
    }
    if (leaf.family != family) break;
    map.make_resident(VersionMap::Stored{first_key, first.page + i}, std::move(leaf.leaf));
  }
  co_return Status();
}

Task<Status> LeafStore::load(VersionMap& map, uint32_t family, UnitIndex first, uint32_t count) {
  VersionMap::Stored stored;
  while (map.find_stored(first, first + (count - 1), &stored)) {
    Status done = co_await read(map, family, stored, 1);
    if (!done.ok()) co_return done;
  }
  co_return Status();
}

Task<Status> LeafStore::load_all(VersionMap& map, uint32_t family) {
  VersionMap::Stored stored;
  while (map.find_stored(0, UINT32_MAX, &stored)) {
    Status done = co_await read(map, family, stored, kPagesPerRead);
    if (!done.ok()) co_return done;
  }
  co_return Status();
}

}  // namespace holdfast
