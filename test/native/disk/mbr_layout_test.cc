#include <gtest/gtest.h>

#include <cstring>

#include "base/endian.h"
#include "disk/disk_image.h"
#include "disk/layout.h"

namespace holdfast::test {
namespace {

DiskLayout layout_of(const DiskImage& image) {
  Result<DiskLayout> layout = read_layout(image.view());
  EXPECT_TRUE(layout.ok()) << layout.status().message();
  return layout.ok() ? layout.take() : DiskLayout();
}

Code error_of(const DiskImage& image, const char* part_of_message) {
  const Status status = read_layout(image.view()).status();
  EXPECT_NE(status.message().find(part_of_message), std::string::npos) << status.message();
  return status.code();
}

/// The first bytes of a FAT16 boot sector as formatters write them.
void put_fat_boot_sector(uint8_t* sector) {
  const uint8_t start[] = {0xEB, 0x3C, 0x90, 'm',  'k', 'f', 's', '.', 'f', 'a',  't', 0x00,
                           0x02, 0x04, 0x04, 0x00, 2,   0,   2,   0,   80,  0xF8, 20,  0};
  std::memcpy(sector, start, sizeof start);
  sector[510] = 0x55;
  sector[511] = 0xAA;
}

TEST(MbrLayout, ReadsPrimaryPartitionsInTheOrderOfTheTable) {
  const DiskImage image =
      DiskImage::mbr(8 * kMiB, 0x12345678, {{0x07, 8192, 100, 0x80}, {}, {0x83, 2048, 4096}, {0x0C, 0, 0}});
  const DiskLayout layout = layout_of(image);
  EXPECT_EQ(layout.kind, LayoutKind::mbr);
  EXPECT_EQ(layout.mbr_signature, 0x12345678u);
  EXPECT_TRUE(layout.disk_guid.is_null());
  ASSERT_EQ(layout.partitions.size(), 2u);
  EXPECT_EQ(layout.partitions[0].index, 1u);
  EXPECT_EQ(layout.partitions[0].mbr_type, 0x07);
  EXPECT_EQ(layout.partitions[0].first_lba, 8192u);
  EXPECT_EQ(layout.partitions[0].last_lba, 8291u);
  EXPECT_EQ(layout.partitions[1].index, 3u);
  EXPECT_EQ(layout.partitions[1].offset_bytes, kMiB);
  EXPECT_EQ(layout.partitions[1].length_bytes, 2 * kMiB);
  EXPECT_FALSE(layout.ldm || layout.has_extended_beyond_head || layout.bare_file_system);
}

TEST(MbrLayout, FollowsTheChainOfLogicalPartitions) {
  DiskImage image = DiskImage::mbr(8 * kMiB, 1, {{0x83, 63, 100}, {0x05, 200, 1000}});
  image.set_slot(200, 0, {0x83, 10, 50});
  image.set_slot(200, 1, {0x05, 300, 200});
  image.set_slot(500, 0, {0x82, 1, 100});
  const DiskLayout layout = layout_of(image);
  ASSERT_EQ(layout.partitions.size(), 4u);
  EXPECT_TRUE(layout.partitions[1].is_extended);
  EXPECT_EQ(layout.partitions[2].index, 5u);
  EXPECT_EQ(layout.partitions[2].first_lba, 210u);
  EXPECT_EQ(layout.partitions[3].index, 6u);
  EXPECT_EQ(layout.partitions[3].first_lba, 501u);
  EXPECT_EQ(layout.partitions[3].last_lba, 600u);
  EXPECT_FALSE(layout.has_extended_beyond_head);
}

TEST(MbrLayout, SaysWhenTheChainLeadsOutOfTheView) {
  DiskImage image = DiskImage::mbr(8 * kMiB, 1, {{0x0F, 2000, 10000}});
  image.set_slot(2000, 0, {0x83, 10, 20});
  image.set_slot(2000, 1, {0x05, 3000, 100});
  DiskLayout layout = layout_of(image);
  EXPECT_TRUE(layout.has_extended_beyond_head);
  EXPECT_EQ(layout.partitions.size(), 2u);
}

TEST(MbrLayout, RefusesAChainThatRunsInACircleOrLeavesItsPartition) {
  DiskImage circle = DiskImage::mbr(8 * kMiB, 1, {{0x05, 200, 1000}});
  circle.set_slot(200, 1, {0x05, 300, 10});
  circle.set_slot(500, 1, {0x05, 0, 10});
  circle.sector(200)[446 + 16 + 8 + 4] = 1;
  EXPECT_EQ(error_of(circle, "runs in a circle"), Code::disk_damaged);
  DiskImage astray = DiskImage::mbr(8 * kMiB, 1, {{0x05, 200, 100}});
  astray.set_slot(200, 1, {0x05, 100, 10});
  EXPECT_EQ(error_of(astray, "leaves the extended partition"), Code::disk_damaged);
  DiskImage long_logical = DiskImage::mbr(8 * kMiB, 1, {{0x05, 200, 100}});
  long_logical.set_slot(200, 0, {0x83, 1, 100});
  EXPECT_EQ(error_of(long_logical, "leaves its extended partition"), Code::disk_damaged);
  DiskImage no_signature = DiskImage::mbr(8 * kMiB, 1, {{0x05, 200, 100}});
  no_signature.sector(200)[0] = 1;
  EXPECT_EQ(error_of(no_signature, "LBA 200: extended boot record without"), Code::disk_damaged);
  no_signature.sector(200)[0] = 0;
  EXPECT_EQ(layout_of(no_signature).partitions.size(), 1u);
}

TEST(MbrLayout, RefusesOverlapsAndPartitionsBeyondTheEnd) {
  EXPECT_EQ(error_of(DiskImage::mbr(8 * kMiB, 1, {{0x83, 100, 100}, {0x83, 199, 10}}), "partitions 1 and 2 overlap"),
            Code::disk_layout);
  DiskImage logical = DiskImage::mbr(8 * kMiB, 1, {{0x05, 200, 1000}});
  logical.set_slot(200, 0, {0x83, 10, 500});
  logical.set_slot(200, 1, {0x05, 300, 200});
  logical.set_slot(500, 0, {0x83, 1, 100});
  EXPECT_EQ(error_of(logical, "partitions 5 and 6 overlap"), Code::disk_layout);
  EXPECT_EQ(error_of(DiskImage::mbr(kMiB, 1, {{0x83, 2000, 49}}), "cut short"), Code::disk_damaged);
  EXPECT_EQ(error_of(DiskImage::mbr(kMiB, 1, {{0x83, 0xFFFFFFFF, 0xFFFFFFFF}}), "cut short"), Code::disk_damaged);
  EXPECT_EQ(error_of(DiskImage::mbr(kMiB, 1, {{0x83, 0, 49}}), "covers the partition table"), Code::disk_layout);
  EXPECT_EQ(error_of(DiskImage::mbr(kMiB, 1, {{0x83, 63, 49, 0x81}}), "status byte 129"), Code::disk_damaged);
}

TEST(MbrLayout, TakesABlankDiskForBlank) {
  const DiskLayout layout = layout_of(DiskImage(4 * kMiB));
  EXPECT_EQ(layout.kind, LayoutKind::none);
  EXPECT_TRUE(layout.partitions.empty());
  EXPECT_FALSE(layout.bare_file_system || layout.stale_gpt);
  EXPECT_EQ(layout_of(DiskImage(512)).kind, LayoutKind::none);
  DiskImage without_signature = DiskImage::mbr(kMiB, 7, {{0x83, 63, 49}});
  without_signature.sector(0)[510] = 0;
  EXPECT_EQ(layout_of(without_signature).kind, LayoutKind::none);
  EXPECT_EQ(layout_of(DiskImage::mbr(kMiB, 7, {})).kind, LayoutKind::mbr);
}

TEST(MbrLayout, DoesNotTakeAFileSystemForATable) {
  DiskImage fat(4 * kMiB);
  put_fat_boot_sector(fat.sector(0));
  // Boot code and messages where a table would be.
  for (size_t i = 440; i < 510; ++i) fat.sector(0)[i] = static_cast<uint8_t>('A' + i % 26);
  DiskLayout layout = layout_of(fat);
  EXPECT_EQ(layout.kind, LayoutKind::none);
  EXPECT_TRUE(layout.bare_file_system);
  // mkfs.fat --mbr writes an entry that covers the boot sector itself.
  std::memset(fat.sector(0) + 440, 0, 70);
  fat.set_slot(0, 0, {0x06, 0, 8192, 0x80});
  EXPECT_TRUE(layout_of(fat).bare_file_system);

  for (const char* oem : {"NTFS    ", "EXFAT   ", "-FVE-FS-"}) {
    DiskImage image(4 * kMiB);
    uint8_t* sector = image.sector(0);
    sector[0] = 0xEB;
    sector[1] = 0x52;
    sector[2] = 0x90;
    std::memcpy(sector + 3, oem, 8);
    sector[510] = 0x55;
    sector[511] = 0xAA;
    layout = layout_of(image);
    EXPECT_TRUE(layout.kind == LayoutKind::none && layout.bare_file_system) << oem;
  }

  DiskImage ext(4 * kMiB);
  store_le16(ext.sector(2) + 56, 0xEF53);
  EXPECT_TRUE(layout_of(ext).bare_file_system);
  ext.sector(0)[510] = 0x55;
  ext.sector(0)[511] = 0xAA;
  layout = layout_of(ext);
  EXPECT_TRUE(layout.kind == LayoutKind::none && layout.bare_file_system);
}

TEST(MbrLayout, TakesATableBehindAJumpForATable) {
  DiskImage boot_loader = DiskImage::mbr(8 * kMiB, 5, {{0x83, 2048, 4096, 0x80}});
  boot_loader.sector(0)[0] = 0xEB;
  boot_loader.sector(0)[1] = 0x63;
  boot_loader.sector(0)[2] = 0x90;
  EXPECT_EQ(layout_of(boot_loader).kind, LayoutKind::mbr);
  EXPECT_EQ(layout_of(boot_loader).partitions.size(), 1u);
}

TEST(MbrLayout, KnowsADynamicDiskByTypeAndPrivateHeader) {
  DiskImage image = DiskImage::mbr(8 * kMiB, 5, {{0x42, 63, 10000}});
  EXPECT_FALSE(layout_of(image).ldm);
  std::memcpy(image.sector(6), "PRIVHEAD", 8);
  EXPECT_TRUE(layout_of(image).ldm);
  image.sector(0)[446 + 4] = 0x07;
  EXPECT_FALSE(layout_of(image).ldm);
}

TEST(MbrLayout, IgnoresTheRemainsOfAGpt) {
  const DiskImage gpt = DiskImage::gpt(8 * kMiB, {NewPartition{}});
  DiskImage repartitioned = gpt;
  repartitioned.set_slot(0, 0, {0x83, 2048, 4096});
  DiskLayout layout = layout_of(repartitioned);
  EXPECT_TRUE(layout.kind == LayoutKind::mbr && layout.stale_gpt);
  DiskImage wiped = gpt;
  std::fill_n(wiped.sector(0), kMiB, uint8_t{0});
  layout = layout_of(wiped);
  EXPECT_TRUE(layout.kind == LayoutKind::none && layout.stale_gpt);
  DiskImage doubtful = gpt;
  doubtful.set_slot(0, 0, {});
  doubtful.sector(0)[446 + 4] = 0;
  EXPECT_EQ(error_of(doubtful, "no protective partition"), Code::disk_damaged);
}

}  // namespace
}  // namespace holdfast::test
