#include "disk/vss_flags.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "base/endian.h"
#include "disk/disk_image.h"
#include "disk/identity.h"

namespace holdfast::test {
namespace {

DiskImage gpt_with_attributes(const std::vector<uint64_t>& attributes) {
  std::vector<NewPartition> partitions;
  for (uint64_t value : attributes) {
    partitions.push_back(new_partition(512 * 100));
    partitions.back().attributes = value;
  }
  return DiskImage::gpt(16 * kMiB, partitions);
}

DiskImage mbr_disk(uint32_t first_lba = 2048) {
  return DiskImage::mbr(8 * kMiB, 0xAABBCCDD, {{0x07, first_lba, 1000}, {0x83, 8000, 1000}});
}

void set_flags(DiskImage* image, uint64_t set_mask, uint64_t clear_mask) {
  Result<std::vector<Patch>> patches = set_vss_flags(image->view(), set_mask, clear_mask);
  ASSERT_TRUE(patches.ok()) << patches.status().message();
  image->apply(patches.value());
}

uint64_t flags_of(const DiskImage& image, uint32_t index) {
  Result<uint64_t> flags = vss_flags_of(image.view(), index);
  EXPECT_TRUE(flags.ok()) << flags.status().message();
  return flags.ok() ? flags.value() : 0;
}

TEST(VssFlags, ChangeTheFourBitsOfEveryPartitionAndNoOther) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50; ++round) {
    const std::vector<uint64_t> attributes = {random(), random(), random()};
    DiskImage image = gpt_with_attributes(attributes);
    const uint64_t set_mask = random() & kVssFlagsMask;
    const uint64_t clear_mask = random() & kVssFlagsMask & ~set_mask;
    set_flags(&image, set_mask, clear_mask);
    Result<DiskLayout> layout = read_layout(image.view());
    ASSERT_TRUE(layout.ok());
    EXPECT_FALSE(layout.value().damaged_primary || layout.value().damaged_backup || layout.value().copies_differ);
    for (size_t i = 0; i < attributes.size(); ++i) {
      EXPECT_EQ(layout.value().partitions[i].attributes, (attributes[i] & ~clear_mask) | set_mask);
      EXPECT_EQ(flags_of(image, static_cast<uint32_t>(i + 1)),
                ((attributes[i] & ~clear_mask) | set_mask) & kVssFlagsMask);
    }
  }
}

TEST(VssFlags, SetAndClearedAgainLeaveTheOriginalBytes) {
  for (DiskImage image : {gpt_with_attributes({1, 4}), mbr_disk(), mbr_disk(63), mbr_disk(7), mbr_disk(2)}) {
    const std::vector<uint8_t> original = image.bytes;
    set_flags(&image, kVssFlagsMask, 0);
    EXPECT_EQ(flags_of(image, 1), kVssFlagsMask);
    EXPECT_EQ(flags_of(image, 2), kVssFlagsMask);
    EXPECT_FALSE(image.bytes == original);
    set_flags(&image, 0, kAttributeShadowCopy);
    EXPECT_EQ(flags_of(image, 2), kVssFlagsMask & ~kAttributeShadowCopy);
    set_flags(&image, 0, kVssFlagsMask);
    EXPECT_EQ(flags_of(image, 1), 0u);
    EXPECT_TRUE(image.bytes == original);
  }
}

TEST(VssFlags, OnMbrLieInTheLastSectorOfTheGapAndNowhereElse) {
  struct Case {
    uint32_t first_lba;
    uint64_t flags_lba;
  };
  // LBA 6 belongs to dynamic disks; a gap that is longer than the head ends with it.
  for (const Case c : {Case{2048, 2047}, {63, 62}, {7, 5}, {6, 5}, {2, 1}, {5000, 2047}}) {
    DiskImage image = mbr_disk(c.first_lba);
    const std::vector<uint8_t> original = image.bytes;
    set_flags(&image, kAttributeHidden, 0);
    EXPECT_EQ(std::memcmp(image.sector(c.flags_lba), "HFVSSFLG", 8), 0) << c.first_lba;
    std::fill_n(image.sector(c.flags_lba), 512, uint8_t{0});
    EXPECT_TRUE(image.bytes == original);
  }
}

TEST(VssFlags, OnMbrRefuseADiskWithoutAFreeSector) {
  const auto error = [](const DiskImage& image) { return set_vss_flags(image.view(), kAttributeHidden, 0).status(); };
  Status status = error(mbr_disk(1));
  EXPECT_EQ(status.code(), Code::disk_layout);
  EXPECT_NE(status.message().find("no sector for the VSS flags"), std::string::npos) << status.message();
  DiskImage taken = mbr_disk();
  taken.sector(2047)[300] = 1;
  status = error(taken);
  EXPECT_EQ(status.code(), Code::disk_layout);
  EXPECT_NE(status.message().find("in use by something else"), std::string::npos) << status.message();
  EXPECT_EQ(status.offset_bytes(), 2047u * 512);
  EXPECT_EQ(flags_of(taken, 1), 0u);
}

TEST(VssFlags, OnMbrADamagedOrForeignRecordSaysNothing) {
  DiskImage image = mbr_disk();
  set_flags(&image, kVssFlagsMask, 0);
  for (size_t at : {0, 8, 12, 16, 23, 200, 508, 511}) {
    DiskImage damaged = image;
    damaged.sector(2047)[at] ^= 0x40;
    EXPECT_EQ(flags_of(damaged, 1), 0u) << at;
  }
  DiskImage other_disk = image;
  store_le32(other_disk.sector(0) + 440, 0x11111111);
  EXPECT_EQ(flags_of(other_disk, 1), 0u);
  // A stale record is ours, so it may be replaced.
  set_flags(&other_disk, kAttributeHidden, 0);
  EXPECT_EQ(flags_of(other_disk, 1), kAttributeHidden);
}

TEST(VssFlags, RepairADamagedGptCopyOnTheWay) {
  DiskImage image = gpt_with_attributes({0});
  image.sector(1)[70] ^= 1;
  set_flags(&image, kAttributeReadOnly, 0);
  Result<DiskLayout> layout = read_layout(image.view());
  ASSERT_TRUE(layout.ok());
  EXPECT_FALSE(layout.value().damaged_primary);
  EXPECT_EQ(flags_of(image, 1), kAttributeReadOnly);
}

TEST(VssFlags, RefuseOtherBitsAndContradictions) {
  const DiskImage image = gpt_with_attributes({0});
  const auto code = [&](uint64_t set_mask, uint64_t clear_mask) {
    return set_vss_flags(image.view(), set_mask, clear_mask).status().code();
  };
  EXPECT_EQ(code(1, 0), Code::invalid_argument);
  EXPECT_EQ(code(0, uint64_t{1} << 59), Code::invalid_argument);
  EXPECT_EQ(code(kAttributeHidden, kAttributeHidden), Code::invalid_argument);
  EXPECT_EQ(vss_flags_of(image.view(), 2).status().code(), Code::invalid_argument);
}

TEST(VssFlags, NeverMakeADynamicDiskReadOnly) {
  DiskImage image = DiskImage::mbr(8 * kMiB, 5, {{0x42, 63, 10000}});
  std::memcpy(image.sector(6), "PRIVHEAD", 8);
  EXPECT_EQ(set_vss_flags(image.view(), kVssFlagsMask, 0).status().code(), Code::disk_layout);
  const uint64_t allowed = vss_flags_for_copy(read_layout(image.view()).value());
  EXPECT_EQ(allowed, kVssFlagsMask & ~kAttributeReadOnly);
  set_flags(&image, allowed, 0);
  EXPECT_EQ(flags_of(image, 1), allowed);
}

TEST(VssFlags, OfADiskWithoutPartitionsNeedNothing) {
  for (const DiskImage& image : {DiskImage(kMiB), DiskImage::mbr(kMiB, 1, {})}) {
    Result<std::vector<Patch>> patches = set_vss_flags(image.view(), kVssFlagsMask, 0);
    ASSERT_TRUE(patches.ok());
    EXPECT_TRUE(patches.value().empty());
  }
}

}  // namespace
}  // namespace holdfast::test
