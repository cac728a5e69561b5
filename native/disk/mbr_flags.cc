#include "disk/mbr_flags.h"

#include <algorithm>

#include "base/crc.h"
#include "base/endian.h"
#include "disk/ldm.h"
#include "disk/mbr.h"

namespace holdfast {
namespace {

constexpr uint8_t kMagic[8] = {'H', 'F', 'V', 'S', 'S', 'F', 'L', 'G'};
constexpr uint32_t kVersion = 1;
constexpr size_t kCrcOffset = 508;

}  // namespace

uint64_t mbr_flags_lba(const SectorReader& reader, const std::vector<Partition>& partitions) {
  if (partitions.empty()) return 0;
  uint64_t gap_end = reader.head_sectors();
  for (const Partition& partition : partitions) gap_end = std::min(gap_end, partition.first_lba);
  uint64_t lba = gap_end - 1;
  if (lba == kLdmPrivateHeaderLba) --lba;
  return lba;
}

std::optional<MbrFlags> decode_mbr_flags(const uint8_t* sector) {
  if (!std::equal(std::begin(kMagic), std::end(kMagic), sector)) return std::nullopt;
  if (load_le32(sector + 8) != kVersion) return std::nullopt;
  if (load_le32(sector + kCrcOffset) != crc32(sector, kCrcOffset)) return std::nullopt;
  return MbrFlags{load_le32(sector + 12), load_le64(sector + 16) & kVssFlagsMask};
}

std::vector<uint8_t> encode_mbr_flags(const MbrFlags& record) {
  std::vector<uint8_t> sector(kSectorBytes);
  if (record.flags == 0) return sector;
  std::copy(std::begin(kMagic), std::end(kMagic), sector.begin());
  store_le32(sector.data() + 8, kVersion);
  store_le32(sector.data() + 12, record.disk_signature);
  store_le64(sector.data() + 16, record.flags);
  store_le32(sector.data() + kCrcOffset, crc32(sector.data(), kCrcOffset));
  return sector;
}

uint64_t read_mbr_flags(const SectorReader& reader, const std::vector<Partition>& partitions) {
  const uint64_t lba = mbr_flags_lba(reader, partitions);
  if (lba == 0) return 0;
  const std::optional<MbrFlags> record = decode_mbr_flags(reader.find(lba));
  return record && record->disk_signature == mbr_signature(reader.find(0)) ? record->flags : 0;
}

}  // namespace holdfast
