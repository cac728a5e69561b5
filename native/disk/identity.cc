#include "disk/identity.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/endian.h"
#include "disk/gpt.h"
#include "disk/ldm.h"
#include "disk/mbr.h"
#include "disk/mbr_flags.h"

namespace holdfast {
namespace {

uint32_t random_signature(uint32_t present) {
  uint32_t signature = 0;
  while (signature == 0 || signature == present) signature = load_le32(Guid::random().bytes.data());
  return signature;
}

DiskIdentity identity_of_layout(const DiskLayout& layout) {
  DiskIdentity identity;
  identity.kind = layout.kind;
  identity.disk_guid = layout.disk_guid;
  identity.mbr_signature = layout.mbr_signature;
  identity.ldm_signature = layout.ldm_signature;
  if (layout.kind != LayoutKind::gpt) return identity;
  for (const Partition& partition : layout.partitions) identity.partition_guids.push_back(partition.unique_guid);
  return identity;
}

Patch mbr_patch(const SectorReader& reader, uint32_t signature) {
  const uint8_t* sector = reader.find(0);
  Patch patch{0, {sector, sector + kSectorBytes}};
  store_le32(patch.bytes.data() + kMbrSignatureOffset, signature);
  return patch;
}

Result<std::vector<Patch>> rewrite_gpt(const SectorReader& reader, const DiskLayout& layout,
                                       const DiskIdentity& identity) {
  Result<GptTable> table = read_gpt(reader);
  if (!table.ok()) return table.status();
  Result<GptPair> pair = both_copies(table.value(), reader);
  if (!pair.ok()) return pair.status();
  for (GptCopy* copy : {&pair.value().primary, &pair.value().backup}) {
    copy->set_disk_guid(identity.disk_guid);
    size_t next = 0;
    copy->for_each_used([&](uint8_t* entry, uint32_t) {
      const std::array<uint8_t, 16> bytes = identity.partition_guids[next++].to_gpt_bytes();
      std::copy(bytes.begin(), bytes.end(), entry + 16);
    });
  }
  std::vector<Patch> patches = gpt_patches(pair.take());
  if (identity.mbr_signature != layout.mbr_signature) patches.push_back(mbr_patch(reader, identity.mbr_signature));
  return patches;
}

/// The flags record names the signature of its disk, so it moves with it.
std::vector<Patch> rewrite_mbr(const SectorReader& reader, const DiskLayout& layout, const DiskIdentity& identity) {
  std::vector<Patch> patches;
  if (identity.ldm_signature.has_value()) patches = rewrite_ldm_signature(reader, *identity.ldm_signature);
  const uint64_t flags = read_mbr_flags(reader, layout.partitions);
  if (flags != 0) {
    patches.push_back(
        {mbr_flags_lba(reader, layout.partitions) * kSectorBytes, encode_mbr_flags({identity.mbr_signature, flags})});
  }
  patches.push_back(mbr_patch(reader, identity.mbr_signature));
  return patches;
}

}  // namespace

DiskIdentity DiskIdentity::random_for(const DiskLayout& layout) {
  DiskIdentity identity = identity_of_layout(layout);
  if (identity.kind == LayoutKind::gpt) identity.disk_guid = Guid::random();
  for (Guid& guid : identity.partition_guids) guid = Guid::random();
  if (identity.kind == LayoutKind::mbr || identity.mbr_signature != 0) {
    identity.mbr_signature = random_signature(identity.mbr_signature);
  }
  if (identity.ldm_signature.has_value()) identity.ldm_signature = identity.mbr_signature;
  return identity;
}

Result<DiskIdentity> identity_of(const DiskView& view) {
  Result<DiskLayout> layout = read_layout(view);
  if (!layout.ok()) return layout.status();
  return identity_of_layout(layout.value());
}

Result<std::vector<Patch>> rewrite_identity(const DiskView& view, const DiskIdentity& new_identity) {
  Result<DiskLayout> read = read_layout(view);
  if (!read.ok()) return read.status();
  const DiskLayout& layout = read.value();
  const SectorReader reader(view);
  if (new_identity.kind != layout.kind) {
    return Status(Code::invalid_argument, "the identity was made for another kind of partition table");
  }
  switch (layout.kind) {
    case LayoutKind::none:
      return std::vector<Patch>();
    case LayoutKind::mbr:
      return rewrite_mbr(reader, layout, new_identity);
    case LayoutKind::gpt:
      break;
  }
  if (new_identity.partition_guids.size() != layout.partitions.size()) {
    return Status(Code::invalid_argument, "the identity has " + std::to_string(new_identity.partition_guids.size()) +
                                              " partition GUIDs, the disk " + std::to_string(layout.partitions.size()) +
                                              " partitions");
  }
  return rewrite_gpt(reader, layout, new_identity);
}

}  // namespace holdfast
