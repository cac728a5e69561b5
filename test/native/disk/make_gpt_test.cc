#include "disk/make_gpt.h"

#include <gtest/gtest.h>

#include "disk/disk_image.h"
#include "disk/layout.h"
#include "disk/utf16.h"

namespace holdfast::test {
namespace {

TEST(MakeGpt, WritesATableThatReadsBackAsAsked) {
  NewPartition first = new_partition(3 * kMiB + 512, "données 💾");
  first.type_guid = kTypeBasicData;
  first.unique_guid = Guid::random();
  first.attributes = kAttributeHidden | 1;
  const NewPartition second = new_partition(0, "rest");
  const Guid disk_guid = Guid::random();
  const std::vector<NewPartition> partitions = {first, second};
  Result<std::vector<Patch>> patches = make_gpt(16 * kMiB, disk_guid, partitions);
  ASSERT_TRUE(patches.ok()) << patches.status().message();
  DiskImage image(16 * kMiB);
  image.apply(patches.value());

  Result<DiskLayout> read = read_layout(image.view());
  ASSERT_TRUE(read.ok()) << read.status().message();
  const DiskLayout& layout = read.value();
  EXPECT_EQ(layout.kind, LayoutKind::gpt);
  EXPECT_EQ(layout.disk_guid, disk_guid);
  EXPECT_EQ(layout.mbr_signature, 0u);
  EXPECT_FALSE(layout.damaged_primary || layout.damaged_backup || layout.backup_misplaced || layout.copies_differ ||
               layout.hybrid || layout.ldm || layout.stale_gpt);
  ASSERT_EQ(layout.partitions.size(), 2u);
  const Partition& one = layout.partitions[0];
  EXPECT_EQ(one.index, 1u);
  EXPECT_EQ(one.type_guid, kTypeBasicData);
  EXPECT_TRUE(one.is_basic_data);
  EXPECT_EQ(one.unique_guid, first.unique_guid);
  EXPECT_EQ(one.name, first.name);
  EXPECT_EQ(one.attributes, first.attributes);
  EXPECT_EQ(one.vss_flags, kAttributeHidden);
  EXPECT_EQ(one.offset_bytes, kMiB);
  EXPECT_EQ(one.length_bytes, 3 * kMiB + 512);
  const Partition& two = layout.partitions[1];
  EXPECT_EQ(two.index, 2u);
  EXPECT_FALSE(two.is_basic_data);
  EXPECT_FALSE(two.unique_guid.is_null());
  EXPECT_EQ(two.offset_bytes, 5 * kMiB);
  EXPECT_EQ(two.length_bytes, 10 * kMiB);
}

TEST(MakeGpt, WritesTheProtectiveMbrLastAndEverythingInWholeSectors) {
  const std::vector<NewPartition> partitions = {new_partition(0, "a")};
  Result<std::vector<Patch>> patches = make_gpt(8 * kMiB, Guid(), partitions);
  ASSERT_TRUE(patches.ok());
  ASSERT_EQ(patches.value().size(), 5u);
  const uint64_t last = 8 * kMiB / 512 - 1;
  const std::vector<uint64_t> order = {last - 32, last, 2, 1, 0};
  for (size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ(patches.value()[i].offset_bytes, order[i] * 512) << i;
    EXPECT_EQ(patches.value()[i].bytes.size() % 512, 0u);
  }
}

TEST(MakeGpt, CapsTheProtectivePartitionOnALargeLun) {
  Result<std::vector<Patch>> patches = make_gpt(uint64_t{8} << 40, Guid(), {});
  ASSERT_TRUE(patches.ok());
  const Patch& mbr = patches.value().back();
  EXPECT_EQ((std::vector<uint8_t>(mbr.bytes.begin() + 454, mbr.bytes.begin() + 462)),
            (std::vector<uint8_t>{1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF}));
}

TEST(MakeGpt, RefusesWhatCannotBeWritten) {
  const auto code = [](uint64_t size_bytes, const std::vector<NewPartition>& partitions) {
    return make_gpt(size_bytes, Guid(), partitions).status().code();
  };
  EXPECT_EQ(code(0, {}), Code::disk_too_small);
  EXPECT_EQ(code(kMiB, {}), Code::disk_too_small);
  EXPECT_EQ(code(4 * kMiB + 1, {}), Code::invalid_argument);
  EXPECT_EQ(code(4 * kMiB, {new_partition(3 * kMiB, "a")}), Code::disk_too_small);
  EXPECT_EQ(code(4 * kMiB, {new_partition(2 * kMiB, "a"), new_partition(0, "b")}), Code::disk_too_small);
  EXPECT_EQ(code(4 * kMiB, {new_partition(UINT64_MAX - 511, "a")}), Code::disk_too_small);
  EXPECT_EQ(code(4 * kMiB, {new_partition(1000, "a")}), Code::invalid_argument);
  EXPECT_EQ(code(4 * kMiB, {new_partition(0, "a"), new_partition(512, "b")}), Code::invalid_argument);
  EXPECT_EQ(code(4 * kMiB, {new_partition(0, std::string(37, 'x'))}), Code::invalid_argument);
  EXPECT_EQ(code(4 * kMiB, {new_partition(0, "\xC3")}), Code::invalid_argument);
  EXPECT_EQ(code(4 * kMiB, std::vector<NewPartition>(129, new_partition(512, "a"))), Code::invalid_argument);
  NewPartition twin = new_partition(512, "a");
  twin.unique_guid = Guid::random();
  EXPECT_EQ(code(8 * kMiB, {twin, twin}), Code::invalid_argument);
  NewPartition unused = new_partition(512, "a");
  unused.type_guid = Guid();
  EXPECT_EQ(code(8 * kMiB, {unused}), Code::invalid_argument);
  EXPECT_TRUE(
      make_gpt(200 * kMiB, Guid(), std::vector<NewPartition>(128, new_partition(512, std::string(36, 'x')))).ok());
}

TEST(Utf16, CarriesNamesBothWaysAndMarksLoneSurrogates) {
  uint8_t field[8];
  ASSERT_TRUE(
      utf8_to_utf16le("a\xF0\x9F\x92\xBE"
                      "b",
                      field));
  EXPECT_EQ(utf16le_to_utf8(field),
            "a\xF0\x9F\x92\xBE"
            "b");
  EXPECT_FALSE(utf8_to_utf16le("abc\xF0\x9F\x92\xBE", field));
  const uint8_t lone_low[4] = {0x00, 0xDC, 'x', 0};
  EXPECT_EQ(utf16le_to_utf8(lone_low), "\xEF\xBF\xBDx");
  const uint8_t lone_high[4] = {'x', 0, 0x00, 0xD8};
  EXPECT_EQ(utf16le_to_utf8(lone_high), "x\xEF\xBF\xBD");
  const uint8_t high_then_letter[4] = {0x00, 0xD8, 'x', 0};
  EXPECT_EQ(utf16le_to_utf8(high_then_letter), "\xEF\xBF\xBDx");
}

}  // namespace
}  // namespace holdfast::test
