// Disks that other programs made. HOLDFAST_FIXTURES names the folder they lie in; without it the tests are skipped.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "base/endian.h"
#include "base/judge.h"
#include "disk/disk_image.h"
#include "disk/identity.h"
#include "disk/vss_flags.h"

namespace holdfast::test {
namespace {

/// The decompressed bytes that `command` writes to standard output; FIXTURES in it stands for the folder of disks.
std::vector<uint8_t> unpacked(std::string command) {
  const std::string folder = std::string(std::getenv("HOLDFAST_FIXTURES")) + "/disks";
  command.replace(command.find("FIXTURES"), 8, folder);
  const TemporaryFile file({});
  const CommandResult result = run_command(command + " >" + file.path());
  EXPECT_EQ(result.exit_code, 0) << result.output;
  return file.read();
}

#define HOLDFAST_NEEDS_FIXTURES()                                                                    \
  do {                                                                                               \
    if (std::getenv("HOLDFAST_FIXTURES") == nullptr) GTEST_SKIP() << "HOLDFAST_FIXTURES is not set"; \
    if (!has_command("xz")) GTEST_SKIP() << "xz is not installed";                                   \
  } while (false)

/// New identity and flags, then both back: every byte must be as before.
void expect_round_trip(DiskImage image) {
  const std::vector<uint8_t> original = image.bytes;
  const DiskLayout layout = read_layout(image.view()).value();
  const DiskIdentity old_identity = identity_of(image.view()).value();
  const DiskIdentity fresh = DiskIdentity::random_for(layout);
  image.apply(rewrite_identity(image.view(), fresh).take());
  image.apply(set_vss_flags(image.view(), vss_flags_for_copy(layout), 0).take());
  EXPECT_EQ(identity_of(image.view()).value(), fresh);
  image.apply(set_vss_flags(image.view(), 0, kVssFlagsMask).take());
  image.apply(rewrite_identity(image.view(), old_identity).take());
  EXPECT_TRUE(image.bytes == original);
}

/// The signature of the MBR and those in all three private headers become the new one, with right checksums, and
/// nothing else changes.
void expect_all_headers_follow(DiskImage image) {
  const std::vector<uint8_t> original = image.bytes;
  const DiskIdentity fresh = DiskIdentity::random_for(read_layout(image.view()).value());
  image.apply(rewrite_identity(image.view(), fresh).take());
  const uint64_t sectors = image.bytes.size() / kSectorBytes;
  EXPECT_EQ(load_le32(image.sector(0) + 440), fresh.mbr_signature);
  for (const uint64_t lba : {uint64_t{6}, sectors - 2048 + 1856, sectors - 1}) {
    const uint8_t* header = image.sector(lba);
    EXPECT_EQ(load_be32(header + 355), fresh.mbr_signature) << lba;
    uint32_t sum = 0;
    for (size_t at = 0; at < kSectorBytes; ++at) sum += at < 8 || at > 11 ? header[at] : 0;
    EXPECT_EQ(load_be32(header + 8), sum) << lba;
  }
  for (uint64_t lba = 1; lba < sectors; ++lba) {
    if (lba == 6 || lba == sectors - 2048 + 1856 || lba == sectors - 1) continue;
    ASSERT_EQ(std::memcmp(image.sector(lba), original.data() + lba * kSectorBytes, kSectorBytes), 0) << lba;
  }
}

TEST(DiskFixtures, GptOfAnotherTool) {
  HOLDFAST_NEEDS_FIXTURES();
  const DiskImage image(unpacked("xz -dc FIXTURES/gpt.img.xz"));
  Result<DiskLayout> layout = read_layout(image.view());
  ASSERT_TRUE(layout.ok()) << layout.status().message();
  EXPECT_EQ(layout.value().kind, LayoutKind::gpt);
  EXPECT_EQ(layout.value().disk_guid.to_string(), "dd27f98d-7519-4c9e-8041-f2bfa7b1ef61");
  EXPECT_FALSE(layout.value().damaged_primary || layout.value().damaged_backup);
  EXPECT_FALSE(layout.value().partitions.empty());
  expect_round_trip(image);
}

TEST(DiskFixtures, MbrWithANestedBsdLabel) {
  HOLDFAST_NEEDS_FIXTURES();
  const DiskImage image(unpacked("xz -dc FIXTURES/dos+bsd.img.xz"));
  Result<DiskLayout> layout = read_layout(image.view());
  ASSERT_TRUE(layout.ok()) << layout.status().message();
  EXPECT_EQ(layout.value().kind, LayoutKind::mbr);
  EXPECT_EQ(layout.value().mbr_signature, 0x8F8378C0u);
  ASSERT_EQ(layout.value().partitions.size(), 2u);
  EXPECT_EQ(layout.value().partitions[0].first_lba, 32u);
  EXPECT_EQ(layout.value().partitions[1].mbr_type, 0xA5);
  expect_round_trip(image);
}

TEST(DiskFixtures, SunLabelIsNoTableOfOurs) {
  HOLDFAST_NEEDS_FIXTURES();
  const DiskImage image(unpacked("xz -dc FIXTURES/sun.img.xz"));
  Result<DiskLayout> layout = read_layout(image.view());
  ASSERT_TRUE(layout.ok()) << layout.status().message();
  EXPECT_EQ(layout.value().kind, LayoutKind::none);
}

TEST(DiskFixtures, DynamicDisks) {
  HOLDFAST_NEEDS_FIXTURES();
  const std::string list =
      run_command("tar -tf " + std::string(std::getenv("HOLDFAST_FIXTURES")) + "/disks/ldm-dynamic-disks.tar.xz")
          .output;
  size_t disks = 0;
  for (size_t start = 0; start < list.size();) {
    const size_t end = std::min(list.find('\n', start), list.size());
    const std::string name = list.substr(start, end - start);
    start = end + 1;
    if (name.size() < 4 || name.compare(name.size() - 4, 4, ".img") != 0) continue;
    const DiskImage image(unpacked("tar -xOf FIXTURES/ldm-dynamic-disks.tar.xz " + name));
    Result<DiskLayout> layout = read_layout(image.view());
    ASSERT_TRUE(layout.ok()) << name << ": " << layout.status().message();
    EXPECT_EQ(layout.value().kind, LayoutKind::mbr);
    EXPECT_TRUE(layout.value().ldm) << name;
    EXPECT_EQ(set_vss_flags(image.view(), kAttributeReadOnly, 0).status().code(), Code::disk_layout);
    expect_round_trip(image);
    expect_all_headers_follow(image);
    ++disks;
  }
  EXPECT_GT(disks, 0u);
}

}  // namespace
}  // namespace holdfast::test
