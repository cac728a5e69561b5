#include <gtest/gtest.h>

#include <random>

#include "base/endian.h"
#include "disk/disk_image.h"
#include "disk/layout.h"

namespace holdfast::test {
namespace {

DiskImage sample() {
  return DiskImage::gpt(8 * kMiB, {new_partition(kMiB), new_partition(2 * kMiB), new_partition(0)});
}

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

void expect_same_content(const DiskLayout& a, const DiskLayout& b) {
  ASSERT_EQ(a.kind, b.kind);
  ASSERT_EQ(a.disk_guid, b.disk_guid);
  ASSERT_EQ(a.partitions.size(), b.partitions.size());
  for (size_t i = 0; i < a.partitions.size(); ++i) {
    const Partition& x = a.partitions[i];
    const Partition& y = b.partitions[i];
    ASSERT_TRUE(x.index == y.index && x.type_guid == y.type_guid && x.unique_guid == y.unique_guid &&
                x.first_lba == y.first_lba && x.last_lba == y.last_lba && x.attributes == y.attributes &&
                x.name == y.name);
  }
}

TEST(GptLayout, DetectsOrSurvivesAFlipOfAnyByteOfEitherCopy) {
  DiskImage image = sample();
  const DiskLayout sound = layout_of(image);
  std::mt19937 random(7);
  uint64_t detected = 0;
  const auto flip = [&](uint64_t at, bool covered) {
    const uint8_t old = image.bytes[at];
    image.bytes[at] = static_cast<uint8_t>(old ^ (1 + random() % 255));
    Result<DiskLayout> read = read_layout(image.view());
    ASSERT_TRUE(read.ok()) << at << ": " << read.status().message();
    expect_same_content(read.value(), sound);
    const bool noticed = read.value().damaged_primary || read.value().damaged_backup;
    ASSERT_EQ(noticed, covered) << at;
    detected += noticed;
    image.bytes[at] = old;
  };
  const uint64_t size = image.bytes.size();
  for (uint64_t i = 0; i < 512; ++i) flip(512 + i, i < 92);
  for (uint64_t i = 0; i < 32 * 512; ++i) flip(1024 + i, true);
  for (uint64_t i = 0; i < 32 * 512; ++i) flip(size - 33 * 512 + i, true);
  for (uint64_t i = 0; i < 512; ++i) flip(size - 512 + i, i < 92);
  EXPECT_EQ(detected, 2u * (92 + 32 * 512));
}

TEST(GptLayout, NeverReadsAnotherLayoutAfterAFlipInTheProtectiveMbr) {
  DiskImage image = sample();
  const DiskLayout sound = layout_of(image);
  int refused = 0;
  for (uint64_t at = 0; at < 512; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      image.bytes[at] ^= static_cast<uint8_t>(1 << bit);
      Result<DiskLayout> read = read_layout(image.view());
      if (read.ok()) {
        expect_same_content(read.value(), sound);
      } else {
        EXPECT_EQ(read.status().code(), Code::disk_damaged) << at;
        ++refused;
      }
      image.bytes[at] ^= static_cast<uint8_t>(1 << bit);
    }
  }
  // The type byte and the two signature bytes.
  EXPECT_EQ(refused, 24);
}

TEST(GptLayout, ReadsFromTheOtherCopyWhenOneIsGone) {
  const DiskImage image = sample();
  const DiskLayout sound = layout_of(image);
  DiskImage no_primary = image;
  std::fill_n(no_primary.sector(1), 33 * 512, uint8_t{0});
  DiskLayout layout = layout_of(no_primary);
  EXPECT_TRUE(layout.damaged_primary && !layout.damaged_backup);
  expect_same_content(layout, sound);
  DiskImage no_backup = image;
  std::fill_n(no_backup.sector(no_backup.last_lba() - 32), 33 * 512, uint8_t{0});
  layout = layout_of(no_backup);
  EXPECT_TRUE(!layout.damaged_primary && layout.damaged_backup);
  expect_same_content(layout, sound);
}

TEST(GptLayout, RefusesWhenBothCopiesAreCorrupt) {
  DiskImage image = sample();
  image.sector(1)[60] ^= 1;
  image.sector(image.last_lba())[60] ^= 1;
  EXPECT_EQ(error_of(image, "both GPT copies are unusable. GPT header at LBA 1: header checksum"), Code::disk_damaged);
  DiskImage entries = sample();
  entries.sector(5)[9] ^= 1;
  entries.sector(entries.last_lba() - 32)[9] ^= 1;
  EXPECT_EQ(error_of(entries, "GPT entry array at LBA 2: checksum"), Code::disk_damaged);
}

TEST(GptLayout, BelievesThePrimaryWhenBothAreValidButDiffer) {
  DiskImage image = sample();
  const DiskLayout sound = layout_of(image);
  image.sector(image.last_lba())[56] ^= 1;
  image.reseal(image.last_lba());
  const DiskLayout layout = layout_of(image);
  EXPECT_TRUE(layout.copies_differ);
  EXPECT_FALSE(layout.damaged_primary || layout.damaged_backup);
  expect_same_content(layout, sound);
}

TEST(GptLayout, RefusesATruncatedImageAtEveryLength) {
  const DiskImage image = sample();
  std::vector<uint64_t> lengths = {8 * kMiB - 512, 8 * kMiB - 1, 7 * kMiB, kMiB + 1, kMiB, kMiB - 1, 34 * 512, 17408};
  for (uint64_t length = 512; length < 36 * 512; length += 73) lengths.push_back(length);
  for (uint64_t length : lengths) {
    const DiskImage cut(std::vector<uint8_t>(image.bytes.begin(), image.bytes.begin() + static_cast<long>(length)));
    const Status status = read_layout(cut.view()).status();
    ASSERT_EQ(status.code(), Code::disk_damaged) << length;
    if (length >= 1024) {
      ASSERT_NE(status.message().find("cut short"), std::string::npos) << status.message();
    }
  }
  for (uint64_t length : {0, 1, 511}) {
    const DiskImage cut(std::vector<uint8_t>(image.bytes.begin(), image.bytes.begin() + static_cast<long>(length)));
    ASSERT_EQ(read_layout(cut.view()).status().code(), Code::disk_too_small) << length;
  }
}

TEST(GptLayout, ReadsAGrownDiskFromThePrimary) {
  DiskImage image = sample();
  const DiskLayout sound = layout_of(image);
  image.bytes.resize(image.bytes.size() + 3 * kMiB);
  DiskLayout layout = layout_of(image);
  EXPECT_TRUE(layout.backup_misplaced);
  EXPECT_FALSE(layout.damaged_backup);
  expect_same_content(layout, sound);
  image.sector(1)[60] ^= 1;
  EXPECT_EQ(error_of(image, "both GPT copies are unusable"), Code::disk_damaged);
}

TEST(GptLayout, NamesOverlappingPartitions) {
  DiskImage image = sample();
  image.edit_gpt([](uint8_t*, uint8_t* entries) {
    store_le64(entries + 32, load_le64(entries + 128 + 40));  // the first begins in the last sector of the second
    store_le64(entries + 40, load_le64(entries + 32));
  });
  EXPECT_EQ(error_of(image, "LBA 8191: partitions 2 and 1 overlap"), Code::disk_layout);
}

TEST(GptLayout, RefusesPartitionsOutsideTheUsableRange) {
  const auto with_range = [](uint64_t first, uint64_t last) {
    DiskImage image = sample();
    image.edit_gpt([&](uint8_t*, uint8_t* entries) {
      store_le64(entries + 256 + 32, first);
      store_le64(entries + 256 + 40, last);
    });
    return error_of(image, "GPT partition 3");
  };
  const uint64_t last_usable = 8 * kMiB / 512 - 34;
  EXPECT_EQ(with_range(33, 100), Code::disk_layout);
  EXPECT_EQ(with_range(9000, last_usable + 1), Code::disk_layout);
  EXPECT_EQ(with_range(9000, 8999), Code::disk_layout);
  EXPECT_EQ(with_range(9000, UINT64_MAX), Code::disk_layout);
  EXPECT_EQ(with_range(UINT64_MAX, UINT64_MAX), Code::disk_layout);
}

TEST(GptLayout, RefusesHeadersThatAreSoundButAskForTheImpossible) {
  struct Case {
    size_t at;
    size_t bytes;
    uint64_t value;
    const char* message;
  };
  const Case cases[] = {
      {8, 4, 0x00020000, "revision"},      {40, 8, 0, "entry array"},          {40, 8, 33, "entry array"},
      {40, 8, UINT64_MAX, "usable range"}, {48, 8, 33, "usable range"},        {48, 8, UINT64_MAX, "usable range"},
      {72, 8, 1, "entry array"},           {72, 8, UINT64_MAX, "entry array"}, {80, 4, 0, "no partition entries"},
      {80, 4, 0xFFFFFFFF, "entry array"},  {84, 4, 0, "entry size"},           {84, 4, 64, "entry size"},
      {84, 4, 384, "entry size"},          {84, 4, 0x80000000, "entry array"},
  };
  for (const Case& c : cases) {
    DiskImage image = sample();
    uint8_t* field = image.sector(1) + c.at;
    if (c.bytes == 4) {
      store_le32(field, static_cast<uint32_t>(c.value));
    } else {
      store_le64(field, c.value);
    }
    image.reseal(1);
    EXPECT_EQ(error_of(image, c.message), Code::disk_layout) << c.at << " " << c.value;
  }
}

TEST(GptLayout, ReadsOtherEntryCountsAndSizes) {
  struct Shape {
    uint32_t count;
    uint32_t bytes;
  };
  for (const Shape shape : {Shape{4, 128}, {1, 128}, {5, 128}, {128, 256}, {16, 4096}, {1024, 128}, {7, 512}}) {
    const DiskImage image = DiskImage::odd_gpt(6000, shape.count, shape.bytes);
    const DiskLayout layout = layout_of(image);
    ASSERT_EQ(layout.partitions.size(), 1u);
    EXPECT_EQ(layout.partitions[0].first_lba, layout.first_usable_lba);
    EXPECT_EQ(layout.partitions[0].last_lba, layout.last_usable_lba);
    EXPECT_FALSE(layout.damaged_primary || layout.damaged_backup || layout.copies_differ);
  }
}

TEST(GptLayout, RefusesAnEntryArrayBeyondTheFirstMebibyte) {
  const DiskImage image = DiskImage::odd_gpt(20000, 8192, 128);
  EXPECT_EQ(error_of(image, "beyond the first and the last MiB"), Code::disk_layout);
}

TEST(GptLayout, RecognisesHybridAndDynamicDisks) {
  DiskImage hybrid = sample();
  hybrid.set_slot(0, 1, {0x0C, 2048, 2048, 0x80});
  store_le32(hybrid.sector(0) + 440, 0xCAFEBABE);
  DiskLayout layout = layout_of(hybrid);
  EXPECT_TRUE(layout.hybrid);
  EXPECT_EQ(layout.kind, LayoutKind::gpt);
  EXPECT_EQ(layout.mbr_signature, 0xCAFEBABE);
  DiskImage dynamic = sample();
  const std::array<uint8_t, 16> type = kTypeLdmMetadata.to_gpt_bytes();
  dynamic.edit_gpt([&](uint8_t*, uint8_t* entries) { std::copy(type.begin(), type.end(), entries); });
  EXPECT_TRUE(layout_of(dynamic).ldm);
  EXPECT_FALSE(layout_of(sample()).ldm);
}

TEST(GptLayout, SaysSoWhenTheTableWasWrittenForLargeSectors) {
  DiskImage image(8 * kMiB);
  image.set_slot(0, 0, {0xEE, 1, 2047, 0});
  std::copy_n("EFI PART", 8, image.sector(8));
  EXPECT_EQ(error_of(image, "4096"), Code::disk_layout);
}

TEST(GptLayout, DemandsTheViewThatWasAgreed) {
  const DiskImage image = sample();
  DiskView view = image.view();
  view.head = view.head.first(512);
  EXPECT_EQ(read_layout(view).status().code(), Code::invalid_argument);
  view = image.view();
  view.tail = {};
  EXPECT_EQ(read_layout(view).status().code(), Code::invalid_argument);
}

}  // namespace
}  // namespace holdfast::test
