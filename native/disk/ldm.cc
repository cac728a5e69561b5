#include "disk/ldm.h"

#include <cstring>

#include "base/endian.h"

namespace holdfast {
namespace {

constexpr size_t kChecksumOffset = 8;
constexpr size_t kVersionOffset = 12;
constexpr size_t kDatabaseLbaOffset = 299;
constexpr size_t kSignatureOffset = 355;
constexpr uint16_t kVersion = 2;
constexpr uint64_t kHeadersInDatabase[] = {1856, 2047};

uint32_t checksum_of(const uint8_t* sector) {
  uint32_t sum = 0;
  for (size_t at = 0; at < kSectorBytes; ++at) {
    if (at < kChecksumOffset || at >= kVersionOffset) sum += sector[at];
  }
  return sum;
}

const uint8_t* sound_header(const SectorReader& reader) {
  if (!has_ldm_private_header(reader)) return nullptr;
  const uint8_t* sector = reader.find(kLdmPrivateHeaderLba);
  if (load_be16(sector + kVersionOffset) != kVersion) return nullptr;
  return load_be32(sector + kChecksumOffset) == checksum_of(sector) ? sector : nullptr;
}

}  // namespace

bool has_ldm_private_header(const SectorReader& reader) {
  const uint8_t* sector = reader.find(kLdmPrivateHeaderLba);
  return sector != nullptr && std::memcmp(sector, "PRIVHEAD", 8) == 0;
}

std::optional<uint32_t> read_ldm_signature(const SectorReader& reader) {
  const uint8_t* header = sound_header(reader);
  if (header == nullptr) return std::nullopt;
  return load_be32(header + kSignatureOffset);
}

std::vector<Patch> rewrite_ldm_signature(const SectorReader& reader, uint32_t signature) {
  std::vector<Patch> patches;
  const uint8_t* header = sound_header(reader);
  if (header == nullptr) return patches;
  std::vector<uint8_t> wanted(header, header + kSectorBytes);
  store_be32(wanted.data() + kSignatureOffset, signature);
  store_be32(wanted.data() + kChecksumOffset, checksum_of(wanted.data()));

  const uint64_t database_lba = load_be64(header + kDatabaseLbaOffset);
  for (const uint64_t at : kHeadersInDatabase) {
    // In the tail, and never in front of it: a header that names a place of its own among the partitions lies.
    if (database_lba > reader.sector_count() || reader.sector_count() - database_lba <= at) continue;
    const uint64_t lba = database_lba + at;
    const uint8_t* copy = reader.find(lba);
    if (lba <= kLdmPrivateHeaderLba || copy == nullptr || std::memcmp(copy, header, kSectorBytes) != 0) continue;
    patches.push_back({lba * kSectorBytes, wanted});
  }
  patches.push_back({kLdmPrivateHeaderLba * kSectorBytes, wanted});
  return patches;
}

}  // namespace holdfast
