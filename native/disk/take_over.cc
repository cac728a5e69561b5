#include "disk/take_over.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/endian.h"
#include "disk/gpt.h"
#include "disk/mbr_flags.h"
#include "disk/vss_flags.h"

namespace holdfast {
namespace {

constexpr size_t kEntryGuidAt = 16;
constexpr size_t kEntryAttributesAt = 48;

// GUIDs and flags lie side by side in the entries, so they are written together.
Result<std::vector<Patch>> take_over_gpt(const DiskView& view, const DiskIdentity& identity,
                                         const std::vector<uint64_t>& vss_flags) {
  Result<std::vector<Patch>> checked = rewrite_identity(view, identity);
  if (!checked.ok()) return checked;
  const SectorReader reader(view);
  Result<GptTable> table = read_gpt(reader);
  if (!table.ok()) return table.status();
  Result<GptPair> pair = both_copies(table.value(), reader);
  if (!pair.ok()) return pair.status();
  for (GptCopy* copy : {&pair.value().primary, &pair.value().backup}) {
    copy->set_disk_guid(identity.disk_guid);
    size_t next = 0;
    copy->for_each_used([&](uint8_t* entry, uint32_t) {
      const std::array<uint8_t, 16> guid = identity.partition_guids[next].to_gpt_bytes();
      std::copy(guid.begin(), guid.end(), entry + kEntryGuidAt);
      const uint64_t others = load_le64(entry + kEntryAttributesAt) & ~kVssFlagsMask;
      store_le64(entry + kEntryAttributesAt, others | vss_flags[next++]);
    });
  }
  std::vector<Patch> patches = gpt_patches(pair.take());
  // The MBR, if it has a signature that changes.
  for (Patch& patch : checked.value()) {
    if (patch.offset_bytes == 0) patches.push_back(std::move(patch));
  }
  return patches;
}

Result<std::vector<Patch>> take_over_mbr(const DiskView& view, const DiskLayout& layout, const DiskIdentity& identity,
                                         const std::vector<uint64_t>& vss_flags) {
  const uint64_t wanted = vss_flags.empty() ? 0 : vss_flags.front();
  Result<std::vector<Patch>> patches = set_vss_flags(view, wanted, kVssFlagsMask & ~wanted);
  if (!patches.ok()) return patches;
  const SectorReader reader(view);
  // The flags' record names the signature of its disk.
  if (wanted != 0) {
    patches.value().clear();
    patches.value().push_back(
        {mbr_flags_lba(reader, layout.partitions) * kSectorBytes, encode_mbr_flags({identity.mbr_signature, wanted})});
  }
  Result<std::vector<Patch>> rewritten = rewrite_identity(view, identity);
  if (!rewritten.ok()) return rewritten;
  for (Patch& patch : rewritten.value()) {
    if (patch.offset_bytes == 0) patches.value().push_back(std::move(patch));
  }
  return patches;
}

}  // namespace

DiskIdentity keep_identity(const DiskLayout& former, const DiskLayout& content) {
  DiskIdentity identity = DiskIdentity::random_for(content);
  if (former.kind != content.kind) return identity;
  if (former.mbr_signature != 0) identity.mbr_signature = former.mbr_signature;
  if (content.kind != LayoutKind::gpt) return identity;
  identity.disk_guid = former.disk_guid;
  for (size_t i = 0; i < content.partitions.size(); ++i) {
    for (const Partition& partition : former.partitions) {
      if (partition.first_lba == content.partitions[i].first_lba) identity.partition_guids[i] = partition.unique_guid;
    }
  }
  return identity;
}

bool has_same_partitions(const DiskLayout& one, const DiskLayout& other) {
  const auto same_place = [](const Partition& a, const Partition& b) {
    return a.first_lba == b.first_lba && a.last_lba == b.last_lba;
  };
  return one.kind == other.kind && std::equal(one.partitions.begin(), one.partitions.end(), other.partitions.begin(),
                                              other.partitions.end(), same_place);
}

Result<std::vector<Patch>> take_over(const DiskView& view, const DiskIdentity& identity,
                                     const std::vector<uint64_t>& vss_flags) {
  Result<DiskLayout> layout = read_layout(view);
  if (!layout.ok()) return layout.status();
  if (identity.kind != layout.value().kind || vss_flags.size() != layout.value().partitions.size()) {
    return Status(Code::invalid_argument, "the identity or the flags were made for another partition table");
  }
  if (identity.kind == LayoutKind::none) return std::vector<Patch>();
  if (identity.kind == LayoutKind::gpt) return take_over_gpt(view, identity, vss_flags);
  return take_over_mbr(view, layout.value(), identity, vss_flags);
}

}  // namespace holdfast
