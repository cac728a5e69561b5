#include "disk/vss_flags.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/endian.h"
#include "disk/gpt.h"
#include "disk/mbr_flags.h"

namespace holdfast {
namespace {

constexpr size_t kEntryAttributesAt = 48;

Result<std::vector<Patch>> set_gpt_flags(const SectorReader& reader, uint64_t set_mask, uint64_t clear_mask) {
  Result<GptTable> table = read_gpt(reader);
  if (!table.ok()) return table.status();
  Result<GptPair> pair = both_copies(table.value(), reader);
  if (!pair.ok()) return pair.status();
  for (GptCopy* copy : {&pair.value().primary, &pair.value().backup}) {
    copy->for_each_used([&](uint8_t* entry, uint32_t) {
      const uint64_t attributes = load_le64(entry + kEntryAttributesAt);
      store_le64(entry + kEntryAttributesAt, (attributes & ~clear_mask) | set_mask);
    });
  }
  return gpt_patches(pair.take());
}

Result<std::vector<Patch>> set_mbr_flags(const SectorReader& reader, const DiskLayout& layout, uint64_t set_mask,
                                         uint64_t clear_mask) {
  const uint64_t present = read_mbr_flags(reader, layout.partitions);
  const uint64_t wanted = (present & ~clear_mask) | set_mask;
  if (wanted == present) return std::vector<Patch>();
  const uint64_t lba = mbr_flags_lba(reader, layout.partitions);
  if (lba == 0) {
    return Status(Code::disk_layout,
                  "LBA 0: the first partition begins right behind the MBR, which leaves no sector for the VSS flags", 0,
                  0);
  }
  const uint8_t* sector = reader.find(lba);
  const bool free = std::all_of(sector, sector + kSectorBytes, [](uint8_t byte) { return byte == 0; });
  if (!free && !decode_mbr_flags(sector)) {
    return Status(Code::disk_layout,
                  "LBA " + std::to_string(lba) +
                      ": the sector for the VSS flags before the first partition is in use by something else",
                  0, lba * kSectorBytes);
  }
  return std::vector<Patch>{{lba * kSectorBytes, encode_mbr_flags({layout.mbr_signature, wanted})}};
}

}  // namespace

uint64_t vss_flags_for_copy(const DiskLayout& layout) {
  return layout.ldm ? kVssFlagsMask & ~kAttributeReadOnly : kVssFlagsMask;
}

Result<std::vector<Patch>> set_vss_flags(const DiskView& view, uint64_t set_mask, uint64_t clear_mask) {
  if (((set_mask | clear_mask) & ~kVssFlagsMask) != 0 || (set_mask & clear_mask) != 0) {
    return Status(Code::invalid_argument, "VSS flags are bits 60 to 63, each either set or cleared");
  }
  Result<DiskLayout> layout = read_layout(view);
  if (!layout.ok()) return layout.status();
  if (layout.value().partitions.empty()) return std::vector<Patch>();
  if (layout.value().ldm && (set_mask & kAttributeReadOnly) != 0) {
    return Status(Code::disk_layout, "the read-only flag must not be set on a dynamic disk");
  }
  const SectorReader reader(view);
  if (layout.value().kind == LayoutKind::gpt) return set_gpt_flags(reader, set_mask, clear_mask);
  return set_mbr_flags(reader, layout.value(), set_mask, clear_mask);
}

Result<uint64_t> vss_flags_of(const DiskView& view, uint32_t partition_index) {
  Result<DiskLayout> layout = read_layout(view);
  if (!layout.ok()) return layout.status();
  for (const Partition& partition : layout.value().partitions) {
    if (partition.index == partition_index) return partition.vss_flags;
  }
  return Status(Code::invalid_argument, "the disk has no partition " + std::to_string(partition_index));
}

}  // namespace holdfast
