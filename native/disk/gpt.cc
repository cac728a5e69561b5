#include "disk/gpt.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/checked.h"
#include "base/crc.h"
#include "base/endian.h"
#include "disk/mbr.h"
#include "disk/utf16.h"

namespace holdfast {
namespace {

constexpr char kSignature[] = "EFI PART";
constexpr uint32_t kRevision = 0x00010000;

// Header fields.
constexpr size_t kRevisionAt = 8;
constexpr size_t kHeaderBytesAt = 12;
constexpr size_t kHeaderCrcAt = 16;
constexpr size_t kMyLbaAt = 24;
constexpr size_t kAlternateLbaAt = 32;
constexpr size_t kFirstUsableAt = 40;
constexpr size_t kLastUsableAt = 48;
constexpr size_t kDiskGuidAt = 56;
constexpr size_t kEntriesLbaAt = 72;
constexpr size_t kEntryCountAt = 80;
constexpr size_t kEntryBytesAt = 84;
constexpr size_t kEntriesCrcAt = 88;

std::string text(uint64_t number) { return std::to_string(number); }

Status header_error(Code code, uint64_t lba, const std::string& what) {
  return Status(code, "GPT header at LBA " + text(lba) + ": " + what, 0, lba * kSectorBytes);
}

bool has_signature(const uint8_t* sector) { return std::memcmp(sector, kSignature, 8) == 0; }

/// `header_bytes` is at least kGptHeaderBytesMin and at most a sector.
uint32_t header_crc(const uint8_t* sector, uint32_t header_bytes) {
  constexpr uint8_t kZero[4] = {};
  uint32_t crc = crc32(sector, kHeaderCrcAt);
  crc = crc32(kZero, sizeof kZero, crc);
  return crc32(sector + kHeaderCrcAt + 4, header_bytes - kHeaderCrcAt - 4, crc);
}

bool used(const uint8_t* entry) {
  return std::any_of(entry, entry + 16, [](uint8_t byte) { return byte != 0; });
}

Status check_checksum(const uint8_t* sector, uint64_t lba) {
  if (sector == nullptr) return header_error(Code::disk_damaged, lba, "the LUN ends before it");
  if (!has_signature(sector)) return header_error(Code::disk_damaged, lba, "signature missing");
  const uint32_t header_bytes = load_le32(sector + kHeaderBytesAt);
  if (header_bytes < kGptHeaderBytesMin || header_bytes > kSectorBytes) {
    return header_error(Code::disk_damaged, lba, "header size " + text(header_bytes) + " is not 92 to 512");
  }
  if (load_le32(sector + kHeaderCrcAt) != header_crc(sector, header_bytes)) {
    return header_error(Code::disk_damaged, lba, "header checksum does not match");
  }
  return Status();
}

/// The header's checksum is right, so what is impossible here was written on purpose: disk_layout, not damage.
Status check_geometry(const GptCopy& copy, uint64_t sector_count) {
  const uint64_t lba = copy.my_lba();
  const bool primary = lba == kGptPrimaryLba;
  const uint64_t count = copy.entry_count();
  const uint64_t size = copy.entry_bytes();
  if (size < kGptEntryBytesMin || !is_power_of_two(size)) {
    return header_error(Code::disk_layout, lba, "entry size " + text(size) + " is not 128 times a power of two");
  }
  if (count == 0) return header_error(Code::disk_layout, lba, "no partition entries");
  if (copy.first_usable_lba() > copy.last_usable_lba() || copy.last_usable_lba() >= sector_count) {
    return header_error(
        Code::disk_layout, lba,
        "usable range " + text(copy.first_usable_lba()) + " to " + text(copy.last_usable_lba()) + " is impossible");
  }
  const uint64_t sectors = (count * size + kSectorBytes - 1) / kSectorBytes;
  const uint64_t first = copy.entries_lba();
  const uint64_t start = primary ? kGptPrimaryLba + 1 : copy.last_usable_lba() + 1;
  const uint64_t end = primary ? copy.first_usable_lba() : lba;
  if (first < start || !range_fits(first, sectors, end)) {
    return header_error(Code::disk_layout, lba,
                        "entry array of " + text(sectors) + " sectors at LBA " + text(first) + " does not lie in LBA " +
                            text(start) + " to " + text(end));
  }
  return Status();
}

Status check_entries_checksum(const GptCopy& copy) {
  const uint64_t length = uint64_t{copy.entry_count()} * copy.entry_bytes();
  if (load_le32(copy.header.data() + kEntriesCrcAt) == crc32(copy.entries.data(), length)) return Status();
  return Status(Code::disk_damaged, "GPT entry array at LBA " + text(copy.entries_lba()) + ": checksum does not match",
                0, copy.entries_lba() * kSectorBytes);
}

Result<GptCopy> read_copy(const SectorReader& reader, uint64_t lba) {
  const uint8_t* sector = reader.find(lba);
  Status status = check_checksum(sector, lba);
  if (!status.ok()) return status;
  GptCopy copy;
  std::copy(sector, sector + kSectorBytes, copy.header.begin());
  if (load_le32(sector + kRevisionAt) != kRevision) {
    return header_error(Code::disk_layout, lba, "revision is not 1.0");
  }
  if (copy.my_lba() != lba) {
    return header_error(Code::disk_damaged, lba, "it says that it lies at LBA " + text(copy.my_lba()));
  }
  const uint64_t last_lba = reader.sector_count() - 1;
  if (lba == kGptPrimaryLba && copy.alternate_lba() > last_lba) {
    return header_error(Code::disk_damaged, lba,
                        "the backup header at LBA " + text(copy.alternate_lba()) + " lies beyond the last LBA " +
                            text(last_lba) + ": the image was cut short");
  }
  status = check_geometry(copy, reader.sector_count());
  if (!status.ok()) return status;
  const uint64_t sectors = (uint64_t{copy.entry_count()} * copy.entry_bytes() + kSectorBytes - 1) / kSectorBytes;
  const uint8_t* entries = reader.find(copy.entries_lba(), sectors);
  if (entries == nullptr) {
    return header_error(
        Code::disk_layout, lba,
        "entry array at LBA " + text(copy.entries_lba()) + " lies beyond the first and the last MiB of the LUN");
  }
  copy.entries.assign(entries, entries + sectors * kSectorBytes);
  status = check_entries_checksum(copy);
  if (!status.ok()) return status;
  return copy;
}

/// Is the header at LBA 1 sound, and the backup it names beyond the end? Then no other copy can help.
bool is_cut_short(const SectorReader& reader) {
  const uint8_t* sector = reader.find(kGptPrimaryLba);
  return check_checksum(sector, kGptPrimaryLba).ok() && load_le64(sector + kMyLbaAt) == kGptPrimaryLba &&
         load_le64(sector + kAlternateLbaAt) >= reader.sector_count();
}

bool agree(const GptCopy& a, const GptCopy& b) {
  // Usable range, disk GUID, entry count, size and checksum; the places are a copy's own.
  return std::memcmp(a.header.data() + kFirstUsableAt, b.header.data() + kFirstUsableAt,
                     kEntriesLbaAt - kFirstUsableAt) == 0 &&
         std::memcmp(a.header.data() + kEntryCountAt, b.header.data() + kEntryCountAt,
                     kGptHeaderBytesMin - kEntryCountAt) == 0;
}

}  // namespace

uint32_t GptCopy::header_bytes() const { return load_le32(header.data() + kHeaderBytesAt); }
uint64_t GptCopy::my_lba() const { return load_le64(header.data() + kMyLbaAt); }
uint64_t GptCopy::alternate_lba() const { return load_le64(header.data() + kAlternateLbaAt); }
uint64_t GptCopy::first_usable_lba() const { return load_le64(header.data() + kFirstUsableAt); }
uint64_t GptCopy::last_usable_lba() const { return load_le64(header.data() + kLastUsableAt); }
Guid GptCopy::disk_guid() const { return Guid::from_gpt_bytes(header.data() + kDiskGuidAt); }
uint64_t GptCopy::entries_lba() const { return load_le64(header.data() + kEntriesLbaAt); }
uint32_t GptCopy::entry_count() const { return load_le32(header.data() + kEntryCountAt); }
uint32_t GptCopy::entry_bytes() const { return load_le32(header.data() + kEntryBytesAt); }

void GptCopy::set_place(uint64_t my_lba, uint64_t alternate_lba, uint64_t entries_lba) {
  store_le64(header.data() + kMyLbaAt, my_lba);
  store_le64(header.data() + kAlternateLbaAt, alternate_lba);
  store_le64(header.data() + kEntriesLbaAt, entries_lba);
}

void GptCopy::set_disk_guid(const Guid& guid) {
  const std::array<uint8_t, 16> bytes = guid.to_gpt_bytes();
  std::copy(bytes.begin(), bytes.end(), header.begin() + kDiskGuidAt);
}

void GptCopy::for_each_used(const std::function<void(uint8_t* entry, uint32_t index)>& visit) {
  for (uint32_t i = 0; i < entry_count(); ++i) {
    uint8_t* entry = entries.data() + uint64_t{i} * entry_bytes();
    if (used(entry)) visit(entry, i + 1);
  }
}

void GptCopy::seal() {
  store_le32(header.data() + kEntriesCrcAt, crc32(entries.data(), uint64_t{entry_count()} * entry_bytes()));
  store_le32(header.data() + kHeaderCrcAt, header_crc(header.data(), header_bytes()));
}

bool has_gpt_header(const SectorReader& reader, uint64_t lba) { return check_checksum(reader.find(lba), lba).ok(); }

Result<GptTable> read_gpt(const SectorReader& reader) {
  const uint64_t last_lba = reader.sector_count() - 1;
  Result<GptCopy> primary = read_copy(reader, kGptPrimaryLba);
  if (!primary.ok() && (primary.status().code() == Code::disk_layout || is_cut_short(reader))) return primary.status();
  Result<GptCopy> backup = read_copy(reader, last_lba);
  if (backup.ok() && backup.value().alternate_lba() != kGptPrimaryLba) {
    backup = header_error(Code::disk_damaged, last_lba, "it does not name LBA 1 as the other header");
  }
  if (!primary.ok() && !backup.ok()) {
    return Status(backup.status().code(),
                  "both GPT copies are unusable. " + primary.status().message() + ". " + backup.status().message(), 0,
                  kGptPrimaryLba * kSectorBytes);
  }
  GptTable table;
  if (primary.ok()) table.primary = primary.take();
  if (table.primary && table.primary->alternate_lba() != last_lba) {
    table.backup_misplaced = true;
  } else if (backup.ok()) {
    table.backup = backup.take();
  }
  table.copies_differ = table.primary && table.backup && !agree(*table.primary, *table.backup);
  return table;
}

Result<std::vector<Partition>> gpt_partitions(const GptCopy& copy) {
  std::vector<Partition> partitions;
  for (uint32_t i = 0; i < copy.entry_count(); ++i) {
    const uint8_t* entry = copy.entries.data() + uint64_t{i} * copy.entry_bytes();
    if (!used(entry)) continue;
    Partition partition;
    partition.index = i + 1;
    partition.type_guid = Guid::from_gpt_bytes(entry);
    partition.unique_guid = Guid::from_gpt_bytes(entry + 16);
    partition.first_lba = load_le64(entry + 32);
    partition.last_lba = load_le64(entry + 40);
    partition.attributes = load_le64(entry + 48);
    partition.vss_flags = partition.attributes & kVssFlagsMask;
    partition.name = utf16le_to_utf8({entry + kGptNameOffset, kGptNameBytes});
    partition.is_basic_data = partition.type_guid == kTypeBasicData;
    if (partition.first_lba > partition.last_lba || partition.first_lba < copy.first_usable_lba() ||
        partition.last_lba > copy.last_usable_lba()) {
      const uint64_t entry_offset = copy.entries_lba() * kSectorBytes + uint64_t{i} * copy.entry_bytes();
      return Status(Code::disk_layout,
                    "GPT partition " + text(partition.index) + " from LBA " + text(partition.first_lba) + " to " +
                        text(partition.last_lba) + " does not lie in the usable range " +
                        text(copy.first_usable_lba()) + " to " + text(copy.last_usable_lba()),
                    0, entry_offset);
    }
    // The usable range was checked against the size of the LUN, so neither product overflows.
    partition.offset_bytes = partition.first_lba * kSectorBytes;
    partition.length_bytes = (partition.last_lba - partition.first_lba + 1) * kSectorBytes;
    partitions.push_back(std::move(partition));
  }
  Status status = check_overlaps(partitions);
  if (!status.ok()) return status;
  return partitions;
}

Result<GptPair> both_copies(const GptTable& table, const SectorReader& reader) {
  const uint64_t last_lba = reader.sector_count() - 1;
  if (table.primary && table.backup && !table.copies_differ) return GptPair{*table.primary, *table.backup};
  GptPair pair{table.current(), table.current()};
  const uint64_t sectors = table.current().entries_sectors();
  if (table.primary) {
    const uint64_t entries_lba = last_lba - std::min(sectors, last_lba);
    if (entries_lba <= table.primary->last_usable_lba()) {
      return header_error(Code::disk_layout, kGptPrimaryLba, "no room for the backup copy behind the usable range");
    }
    pair.primary.set_place(kGptPrimaryLba, last_lba, table.primary->entries_lba());
    pair.backup.set_place(last_lba, kGptPrimaryLba, entries_lba);
  } else {
    const uint64_t entries_lba = kGptPrimaryLba + 1;
    if (!range_fits(entries_lba, sectors, table.backup->first_usable_lba()) ||
        reader.find(entries_lba, sectors) == nullptr) {
      return header_error(Code::disk_layout, last_lba, "no room for the primary copy before the usable range");
    }
    pair.primary.set_place(kGptPrimaryLba, last_lba, entries_lba);
  }
  return pair;
}

std::vector<Patch> gpt_patches(GptPair pair) {
  std::vector<Patch> patches;
  for (GptCopy* copy : {&pair.backup, &pair.primary}) {
    copy->seal();
    const uint64_t header_lba = copy->my_lba();
    patches.push_back({copy->entries_lba() * kSectorBytes, std::move(copy->entries)});
    patches.push_back({header_lba * kSectorBytes, {copy->header.begin(), copy->header.end()}});
  }
  return patches;
}

}  // namespace holdfast
