#include "array/summary.h"

#include "base/bytes.h"

namespace holdfast {

void encode_summary(std::vector<uint8_t>& out, Family& family) {
  ByteWriter writer(out);
  writer.u32(family.id());
  writer.u32(static_cast<uint32_t>(family.branches().stamps().size()));
  for (const auto& [id, stamp] : family.branches().stamps()) {
    writer.u32(id);
    writer.u64(stamp.version_count);
    writer.u64(stamp.following_count);
    writer.u64(stamp.followed_count);
    std::vector<uint8_t> log;
    stamp.units.encode(log);
    writer.u32(static_cast<uint32_t>(log.size()));
    out.insert(out.end(), log.begin(), log.end());
  }
  const std::vector<uint64_t> places = family.places().in_use();
  writer.u64(places.size());
  for (const uint64_t word : places) writer.u64(word);
  const std::vector<VersionMap::LeafRef> leaves = family.map().snapshot();
  writer.u32(static_cast<uint32_t>(leaves.size()));
  for (const VersionMap::LeafRef& leaf : leaves) {
    writer.u64(VersionMap::key_of(leaf->entries[0]));
    writer.u32(leaf->entry_count);
  }
}

bool restore_summary(ByteReader& in, Family& family, uint32_t* next_leaf) {
  const uint64_t unit_end = units_of(family.base_bytes());
  if (in.u32() != family.id()) return false;
  const uint32_t stamp_count = in.u32();
  uint64_t versions = 0;
  for (uint32_t i = 0; i < stamp_count; ++i) {
    const StampId id = in.u32();
    const uint64_t version_count = in.u64();
    const uint64_t following_count = in.u64();
    const uint64_t followed_count = in.u64();
    const std::span<const uint8_t> log = in.raw(in.u32());
    if (!in.ok() || family.branches().stamps().count(id) == 0) return false;
    Stamp& stamp = family.branches().stamp(id);
    if (stamp.version_count != 0 || !stamp.units.decode(log, unit_end)) return false;
    stamp.version_count = version_count;
    stamp.following_count = following_count;
    stamp.followed_count = followed_count;
    if (following_count > version_count || followed_count > version_count) return false;
    versions += version_count;
  }
  const uint64_t word_count = in.u64();
  if (!in.ok() || word_count > (uint64_t{1} << 32) / 64 || word_count > in.left() / sizeof(uint64_t)) return false;
  std::vector<uint64_t> places(word_count);
  for (uint64_t& word : places) word = in.u64();
  family.places().restore(std::move(places));
  const uint32_t leaf_count = in.u32();
  uint64_t behind = 0;
  for (uint32_t i = 0; i < leaf_count; ++i) {
    const uint64_t first_key = in.u64();
    const uint32_t entry_count = in.u32();
    if (!in.ok() || first_key < behind || first_key >> 32 >= unit_end || entry_count == 0 ||
        entry_count > VersionMap::kEntriesMax)
      return false;
    behind = first_key + 1;
    family.map().append_stored(first_key, (*next_leaf)++, entry_count);
  }
  family.opened_from_summary();
  return in.ok() && family.map().entry_count() == versions;
}

}  // namespace holdfast
