// Fuzzer of the partition table readers: any bytes as a small disk.
//
// The first byte chooses whether GPT checksums are made right first, so that mutations get past them; the rest is the
// disk.
#include <cstring>

#include "disk/disk_image.h"
#include "disk/identity.h"
#include "disk/vss_flags.h"
#include "fuzz_main.h"

namespace holdfast::test {
namespace {

/// What must hold of every disk that is read without an error.
void check_disk(DiskImage image) {
  const Result<DiskLayout> read = read_layout(image.view());
  if (!read.ok()) {
    const Code code = read.status().code();
    require(code == Code::disk_too_small || code == Code::disk_layout || code == Code::disk_damaged,
            "a disk is refused with a reason");
    return;
  }
  const DiskLayout& layout = read.value();
  for (const Partition& partition : layout.partitions) {
    require(partition.first_lba > 0 && partition.first_lba <= partition.last_lba, "a partition has sectors");
    require(partition.offset_bytes + partition.length_bytes <= image.bytes.size(), "a partition lies on its disk");
  }
  const DiskIdentity before = identity_of(image.view()).take();
  const DiskIdentity fresh = DiskIdentity::random_for(layout);
  Result<std::vector<Patch>> patches = rewrite_identity(image.view(), fresh);
  // Only a copy that has to be made anew can find no room.
  const bool sound = !layout.damaged_primary && !layout.damaged_backup && !layout.backup_misplaced;
  require(patches.ok() || (!sound && patches.status().code() == Code::disk_layout), "a sound disk can be rewritten");
  if (!patches.ok()) return;
  const std::vector<uint8_t> original = image.bytes;
  image.apply(patches.value());
  require(identity_of(image.view()).take() == fresh, "a new identity is found again");
  if (sound && !layout.copies_differ) {
    image.apply(rewrite_identity(image.view(), before).take());
    require(image.bytes == original, "the old identity back is the old disk back");
  }
  patches = set_vss_flags(image.view(), kAttributeHidden, kAttributeReadOnly);
  if (!patches.ok()) return;
  image.apply(patches.value());
  const Result<DiskLayout> flagged = read_layout(image.view());
  require(flagged.ok(), "a disk with flags is read");
  for (const Partition& partition : flagged.value().partitions) {
    require((partition.vss_flags & (kAttributeHidden | kAttributeReadOnly)) == kAttributeHidden,
            "a flag that was set is set, and one that was cleared is clear");
  }
}

}  // namespace

std::vector<FuzzInput> fuzz_seeds() {
  DiskImage logical = DiskImage::mbr(32 * 512, 0x12345678, {{0x83, 2, 4}, {0x05, 8, 20}});
  logical.set_slot(8, 0, {0x83, 1, 3});
  logical.set_slot(8, 1, {0x05, 6, 8});
  logical.set_slot(14, 0, {0x82, 1, 3});
  DiskImage dynamic = DiskImage::mbr(32 * 512, 7, {{0x42, 7, 20}});
  std::memcpy(dynamic.sector(6), "PRIVHEAD", 8);
  DiskImage hybrid = DiskImage::odd_gpt(16, 4, 128);
  hybrid.set_slot(0, 1, {0x0C, 4, 2});
  std::vector<FuzzInput> seeds;
  for (const DiskImage& image :
       {DiskImage::odd_gpt(16, 4, 128), DiskImage::odd_gpt(16, 2, 256), hybrid, logical, dynamic}) {
    seeds.emplace_back(1, uint8_t{1});
    seeds.back().insert(seeds.back().end(), image.bytes.begin(), image.bytes.end());
  }
  return seeds;
}

}  // namespace holdfast::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using holdfast::test::DiskImage;
  if (size == 0) return 0;
  DiskImage image(std::vector<uint8_t>(data + 1, data + size));
  if ((data[0] & 1) != 0 && image.bytes.size() >= 2 * holdfast::kSectorBytes) {
    image.reseal(image.last_lba());
    image.reseal(1);
  }
  holdfast::test::check_disk(std::move(image));
  return 0;
}
