#include "disk/identity.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>

#include "base/endian.h"
#include "disk/disk_image.h"
#include "disk/vss_flags.h"

namespace holdfast::test {
namespace {

using Random = std::mt19937;

uint64_t below(Random& random, uint64_t limit) { return random() % limit; }

DiskImage random_gpt(Random& random) {
  const uint64_t size = (4 + below(random, 12)) * kMiB + 512 * below(random, 3000);
  std::vector<NewPartition> partitions(below(random, 4));
  for (NewPartition& partition : partitions) {
    partition.length_bytes = 512 * (1 + below(random, 2048));
    partition.attributes = uint64_t{random()} << 32 | random();
    partition.name = std::string(below(random, 37), 'n');
    if (below(random, 2) == 0) partition.type_guid = kTypeBasicData;
  }
  DiskImage image = DiskImage::gpt(size, partitions);
  // Gaps between used entries, data around the tables, sometimes a signature or a hybrid partition.
  image.edit_gpt([&](uint8_t*, uint8_t* entries) { std::swap_ranges(entries, entries + 128, entries + 128 * 17); });
  for (int i = 0; i < 200; ++i) {
    image.bytes[34 * 512 + below(random, image.bytes.size() - 67 * 512)] = static_cast<uint8_t>(random());
  }
  if (below(random, 2) == 0) store_le32(image.sector(0) + 440, random() | 1);
  if (below(random, 4) == 0) image.set_slot(0, 2, {0x0C, 2048, 10});
  return image;
}

DiskImage random_mbr(Random& random) {
  DiskImage image = DiskImage::mbr(8 * kMiB, random(), {{0x07, 2048, 2048}, {0x83, 6000, 1000}});
  for (int i = 0; i < 300; ++i) image.bytes[below(random, 440)] = static_cast<uint8_t>(random());
  image.bytes[0] = 0x33;
  return image;
}

DiskLayout layout_of(const DiskImage& image) {
  Result<DiskLayout> layout = read_layout(image.view());
  EXPECT_TRUE(layout.ok()) << layout.status().message();
  return layout.ok() ? layout.take() : DiskLayout();
}

std::vector<Patch> rewrite(const DiskImage& image, const DiskIdentity& identity) {
  Result<std::vector<Patch>> patches = rewrite_identity(image.view(), identity);
  EXPECT_TRUE(patches.ok()) << patches.status().message();
  return patches.ok() ? patches.take() : std::vector<Patch>();
}

DiskIdentity identity_now(const DiskImage& image) {
  Result<DiskIdentity> identity = identity_of(image.view());
  EXPECT_TRUE(identity.ok()) << identity.status().message();
  return identity.ok() ? identity.take() : DiskIdentity();
}

TEST(Identity, RewrittenIsTheOneAskedForAndRevertedGivesTheOriginalBytes) {
  Random random(11);
  for (int round = 0; round < 60; ++round) {
    DiskImage image = round % 4 == 3 ? random_mbr(random) : random_gpt(random);
    if (below(random, 3) == 0) {
      Result<std::vector<Patch>> flags = set_vss_flags(image.view(), kVssFlagsMask, 0);
      ASSERT_TRUE(flags.ok()) << flags.status().message();
      image.apply(flags.value());
    }
    const std::vector<uint8_t> original = image.bytes;
    const DiskLayout before = layout_of(image);
    const DiskIdentity old_identity = identity_now(image);
    const DiskIdentity new_identity = DiskIdentity::random_for(before);
    image.apply(rewrite(image, new_identity));

    const DiskLayout after = layout_of(image);
    EXPECT_EQ(identity_now(image), new_identity);
    EXPECT_FALSE(after.damaged_primary || after.damaged_backup || after.copies_differ);
    ASSERT_EQ(after.partitions.size(), before.partitions.size());
    for (size_t i = 0; i < after.partitions.size(); ++i) {
      const Partition& x = before.partitions[i];
      const Partition& y = after.partitions[i];
      EXPECT_TRUE(x.index == y.index && x.first_lba == y.first_lba && x.last_lba == y.last_lba &&
                  x.attributes == y.attributes && x.vss_flags == y.vss_flags && x.name == y.name &&
                  x.type_guid == y.type_guid && x.mbr_type == y.mbr_type);
    }
    image.apply(rewrite(image, old_identity));
    EXPECT_TRUE(image.bytes == original) << round;
  }
}

TEST(Identity, RandomOnesShareNothingWithTheOldOne) {
  Random random(5);
  for (int round = 0; round < 40; ++round) {
    const DiskImage image = random_gpt(random);
    const DiskIdentity old_identity = identity_now(image);
    const DiskIdentity fresh = DiskIdentity::random_for(layout_of(image));
    std::set<Guid> guids(old_identity.partition_guids.begin(), old_identity.partition_guids.end());
    guids.insert(old_identity.disk_guid);
    const size_t old_count = guids.size();
    guids.insert(fresh.partition_guids.begin(), fresh.partition_guids.end());
    guids.insert(fresh.disk_guid);
    EXPECT_EQ(guids.size(), 2 * old_count);
    EXPECT_EQ(fresh.mbr_signature == 0, old_identity.mbr_signature == 0);
    if (old_identity.mbr_signature != 0) {
      EXPECT_NE(fresh.mbr_signature, old_identity.mbr_signature);
    }
    const DiskIdentity mbr = DiskIdentity::random_for(layout_of(random_mbr(random)));
    EXPECT_NE(mbr.mbr_signature, 0u);
  }
  const DiskImage uninitialised = DiskImage::mbr(kMiB, 0, {{0x83, 63, 49}});
  EXPECT_NE(DiskIdentity::random_for(layout_of(uninitialised)).mbr_signature, 0u);
}

// The header's signature need not be the MBR's, so it has a place of its own in what is recorded.
TEST(Identity, AllThreeHeadersOfADynamicDiskFollowTheSignatureOfItsMbrAndComeBack) {
  DiskImage image = DiskImage::dynamic(4 * kMiB, 0x11111111, 0x22222222);
  const std::vector<uint8_t> original = image.bytes;
  const DiskIdentity old_identity = identity_now(image);
  EXPECT_EQ(old_identity.ldm_signature, std::optional<uint32_t>(0x22222222));
  const DiskIdentity fresh = DiskIdentity::random_for(layout_of(image));
  EXPECT_EQ(fresh.ldm_signature, std::optional<uint32_t>(fresh.mbr_signature));
  image.apply(rewrite(image, fresh));
  EXPECT_EQ(identity_now(image), fresh);
  const uint64_t last = image.last_lba();
  for (const uint64_t lba : {uint64_t{6}, last - 191, last}) {
    EXPECT_EQ(load_be32(image.sector(lba) + 355), fresh.mbr_signature) << lba;
    EXPECT_EQ(std::memcmp(image.sector(lba), image.sector(6), 512), 0) << lba;
  }
  image.apply(rewrite(image, old_identity));
  EXPECT_TRUE(image.bytes == original);
}

TEST(Identity, OfADynamicDiskADamagedHeaderStaysAsItIs) {
  DiskImage image = DiskImage::dynamic(4 * kMiB, 1, 2);
  image.sector(image.last_lba())[100] ^= 1;
  const std::vector<uint8_t> damaged(image.sector(image.last_lba()), image.sector(image.last_lba()) + 512);
  image.apply(rewrite(image, DiskIdentity::random_for(layout_of(image))));
  EXPECT_EQ(std::memcmp(image.sector(image.last_lba()), damaged.data(), 512), 0);
  EXPECT_NE(load_be32(image.sector(6) + 355), 2u);

  image.sector(6)[100] ^= 1;
  const DiskLayout layout = layout_of(image);
  EXPECT_TRUE(layout.ldm) << "it is a dynamic disk all the same";
  EXPECT_FALSE(layout.ldm_signature.has_value());
  for (const Patch& patch : rewrite(image, DiskIdentity::random_for(layout))) EXPECT_EQ(patch.offset_bytes, 0u);
}

TEST(Identity, AHeaderThatNamesAnImpossibleDatabaseMovesAlone) {
  for (const uint64_t database_lba : {uint64_t{0}, uint64_t{100}, ~uint64_t{0}, ~uint64_t{0} - 1856}) {
    DiskImage image = DiskImage::dynamic(4 * kMiB, 1, 2);
    uint8_t* header = image.sector(6);
    store_be64(header + 299, database_lba);
    uint32_t sum = 0;
    for (size_t at = 0; at < 512; ++at) sum += at < 8 || at > 11 ? header[at] : 0;
    store_be32(header + 8, sum);
    const std::vector<Patch> patches = rewrite(image, DiskIdentity::random_for(layout_of(image)));
    ASSERT_EQ(patches.size(), 2u);
    EXPECT_EQ(patches[0].offset_bytes, 6u * 512);
    EXPECT_EQ(patches[1].offset_bytes, 0u);
  }
}

TEST(Identity, PatchesAreWholeSectorsInTheOrderThatKeepsOneCopyWhole) {
  DiskImage image = DiskImage::gpt(8 * kMiB, {NewPartition{}});
  store_le32(image.sector(0) + 440, 77);
  const std::vector<Patch> patches = rewrite(image, DiskIdentity::random_for(layout_of(image)));
  const uint64_t last = image.last_lba();
  const std::vector<uint64_t> order = {last - 32, last, 2, 1, 0};
  ASSERT_EQ(patches.size(), order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ(patches[i].offset_bytes, order[i] * 512);
    EXPECT_EQ(patches[i].bytes.size() % 512, 0u);
  }
}

TEST(Identity, InterruptedAnywhereTheDiskReadsAsOldOrNewAndCanBeRewritten) {
  const DiskImage original = DiskImage::gpt(8 * kMiB, {new_partition(kMiB), new_partition(0)});
  const DiskIdentity old_identity = identity_now(original);
  const DiskIdentity new_identity = DiskIdentity::random_for(layout_of(original));
  const std::vector<Patch> patches = rewrite(original, new_identity);
  for (size_t whole = 0; whole <= patches.size(); ++whole) {
    const size_t sectors = whole < patches.size() ? patches[whole].bytes.size() / 512 : 1;
    // The patch after the whole ones was cut off behind any of its sectors.
    for (size_t torn = 0; torn < sectors; ++torn) {
      DiskImage image = original;
      image.apply({patches.begin(), patches.begin() + static_cast<long>(whole)});
      if (whole < patches.size()) {
        Patch part = patches[whole];
        part.bytes.resize(torn * 512);
        image.apply({part});
      }
      const DiskIdentity read = identity_now(image);
      EXPECT_TRUE(read == old_identity || read == new_identity) << whole << " " << torn;
      image.apply(rewrite(image, new_identity));
      EXPECT_EQ(identity_now(image), new_identity);
      const DiskLayout layout = layout_of(image);
      EXPECT_FALSE(layout.damaged_primary || layout.damaged_backup || layout.copies_differ);
    }
  }
}

TEST(Identity, RepairsTheDamagedCopyFromTheValidOne) {
  const DiskImage original = DiskImage::gpt(8 * kMiB, {new_partition(kMiB), new_partition(0)});
  const DiskIdentity same = identity_now(original);
  for (const uint64_t lba : {uint64_t{1}, uint64_t{2}, original.last_lba(), original.last_lba() - 32}) {
    for (const bool wiped : {true, false}) {
      DiskImage image = original;
      if (wiped) {
        std::fill_n(image.sector(lba), 512, uint8_t{0});
      } else {
        image.sector(lba)[40] ^= 0x10;
      }
      image.apply(rewrite(image, same));
      EXPECT_TRUE(image.bytes == original.bytes) << lba;
    }
  }
}

TEST(Identity, MovesTheBackupOfAGrownDiskToTheEnd) {
  DiskImage image = DiskImage::gpt(8 * kMiB, {NewPartition{}});
  image.bytes.resize(12 * kMiB);
  const DiskIdentity fresh = DiskIdentity::random_for(layout_of(image));
  image.apply(rewrite(image, fresh));
  const DiskLayout layout = layout_of(image);
  EXPECT_FALSE(layout.backup_misplaced || layout.damaged_backup || layout.copies_differ);
  EXPECT_EQ(identity_now(image), fresh);
  std::fill_n(image.sector(1), 512, uint8_t{0});
  EXPECT_EQ(identity_now(image), fresh);
}

TEST(Identity, KeepsOtherEntrySizesAndTheirPadding) {
  DiskImage image = DiskImage::odd_gpt(6000, 5, 128);
  // Behind the five entries the sector belongs to nobody.
  std::fill_n(image.sector(2) + 640, 384, uint8_t{0x5A});
  const std::vector<uint8_t> original = image.bytes;
  const DiskIdentity old_identity = identity_now(image);
  image.apply(rewrite(image, DiskIdentity::random_for(layout_of(image))));
  EXPECT_EQ(image.sector(2)[640], 0x5A);
  image.apply(rewrite(image, old_identity));
  EXPECT_TRUE(image.bytes == original);
}

TEST(Identity, RefusesAnIdentityOfAnotherLayout) {
  const DiskImage gpt = DiskImage::gpt(8 * kMiB, {NewPartition{}});
  DiskIdentity identity = identity_now(gpt);
  identity.partition_guids.push_back(Guid::random());
  EXPECT_EQ(rewrite_identity(gpt.view(), identity).status().code(), Code::invalid_argument);
  const DiskIdentity mbr = identity_now(DiskImage::mbr(kMiB, 3, {{0x83, 63, 49}}));
  EXPECT_EQ(rewrite_identity(gpt.view(), mbr).status().code(), Code::invalid_argument);
  const DiskImage blank(kMiB);
  EXPECT_EQ(rewrite_identity(blank.view(), mbr).status().code(), Code::invalid_argument);
  EXPECT_TRUE(rewrite(blank, identity_now(blank)).empty());
}

}  // namespace
}  // namespace holdfast::test
