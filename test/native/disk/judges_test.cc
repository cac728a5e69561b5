// Partition tables judged by sgdisk and sfdisk, and tables made by them read by us.
#include <gtest/gtest.h>

#include "base/endian.h"
#include "base/judge.h"
#include "disk/disk_image.h"
#include "disk/identity.h"
#include "disk/vss_flags.h"

namespace holdfast::test {
namespace {

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void expect_no_findings(const DiskImage& image) {
  const TemporaryFile file(image.bytes);
  const CommandResult sgdisk = run_command("sgdisk -v " + file.path());
  EXPECT_EQ(sgdisk.exit_code, 0) << sgdisk.output;
  EXPECT_TRUE(contains(sgdisk.output, "No problems found")) << sgdisk.output;
  const CommandResult sfdisk = run_command("sfdisk --verify " + file.path());
  EXPECT_EQ(sfdisk.exit_code, 0) << sfdisk.output;
  EXPECT_TRUE(contains(sfdisk.output, "No errors detected")) << sfdisk.output;
}

void expect_identity_seen_by_sgdisk(const DiskImage& image, const DiskIdentity& identity) {
  const TemporaryFile file(image.bytes);
  const std::string listing = run_command("sgdisk -p " + file.path()).output;
  EXPECT_TRUE(contains(listing, upper(identity.disk_guid.to_string()))) << listing;
  const std::vector<Partition> partitions = read_layout(image.view()).value().partitions;
  for (size_t i = 0; i < partitions.size(); ++i) {
    const std::string info = run_command("sgdisk -i " + std::to_string(partitions[i].index) + " " + file.path()).output;
    EXPECT_TRUE(contains(info, "unique GUID: " + upper(identity.partition_guids[i].to_string()))) << info;
  }
}

DiskImage made_by_sgdisk() {
  const TemporaryFile file(std::vector<uint8_t>(32 * kMiB));
  const CommandResult made = run_command(
      "sgdisk -o -n 1:2048:+4M -t 1:0700 -c 1:'données 💾' -A 1:set:2 -n 3:0:+8M -t 3:8300 -c 3:log -n 2:0:0 -t "
      "2:ef00 " +
      file.path());
  EXPECT_EQ(made.exit_code, 0) << made.output;
  return DiskImage(file.read());
}

TEST(DiskJudges, FindNothingOnATableOfOurs) {
  HOLDFAST_NEEDS_JUDGE("sgdisk");
  HOLDFAST_NEEDS_JUDGE("sfdisk");
  NewPartition data = new_partition(3 * kMiB, "data");
  data.type_guid = kTypeBasicData;
  NewPartition log = new_partition(0, "journal é");
  log.attributes = kAttributeReadOnly;
  const DiskImage image = DiskImage::gpt(16 * kMiB, {data, log});
  expect_no_findings(image);
  expect_identity_seen_by_sgdisk(image, identity_of(image.view()).value());
  const TemporaryFile file(image.bytes);
  const std::string second = run_command("sgdisk -i 2 " + file.path()).output;
  EXPECT_TRUE(contains(second, "Partition name: 'journal é'")) << second;
  EXPECT_TRUE(contains(second, "Attribute flags: 1000000000000000")) << second;
}

TEST(DiskJudges, TablesOfSgdiskReadAsItDescribesThem) {
  HOLDFAST_NEEDS_JUDGE("sgdisk");
  const DiskImage image = made_by_sgdisk();
  Result<DiskLayout> layout = read_layout(image.view());
  ASSERT_TRUE(layout.ok()) << layout.status().message();
  const std::vector<Partition>& partitions = layout.value().partitions;
  ASSERT_EQ(partitions.size(), 3u);
  EXPECT_EQ(partitions[0].name, "données 💾");
  EXPECT_EQ(partitions[0].offset_bytes, kMiB);
  EXPECT_EQ(partitions[0].length_bytes, 4 * kMiB);
  EXPECT_EQ(partitions[0].attributes, 4u);
  EXPECT_TRUE(partitions[0].is_basic_data);
  EXPECT_EQ(partitions[2].index, 3u);
  EXPECT_EQ(partitions[2].type_guid, kTypeLinuxData);
  EXPECT_EQ(partitions[2].length_bytes, 8 * kMiB);
  expect_identity_seen_by_sgdisk(image, identity_of(image.view()).value());
}

TEST(DiskJudges, FindNothingAfterARewriteOfTheIdentityOrTheFlags) {
  HOLDFAST_NEEDS_JUDGE("sgdisk");
  HOLDFAST_NEEDS_JUDGE("sfdisk");
  DiskImage image = made_by_sgdisk();
  const DiskIdentity fresh = DiskIdentity::random_for(read_layout(image.view()).value());
  image.apply(rewrite_identity(image.view(), fresh).take());
  expect_no_findings(image);
  expect_identity_seen_by_sgdisk(image, fresh);
  image.apply(set_vss_flags(image.view(), kVssFlagsMask, 0).take());
  expect_no_findings(image);
  const TemporaryFile file(image.bytes);
  for (int bit = 60; bit <= 63; ++bit) {
    const CommandResult get = run_command("sgdisk -A 3:get:" + std::to_string(bit) + " " + file.path());
    EXPECT_TRUE(contains(get.output, "3:" + std::to_string(bit) + ":1")) << get.output;
  }
  const std::string shown = run_command("sgdisk -A 1:show " + file.path()).output;
  for (const char* text : {"1:2:1", "1:60:1", "1:61:1", "1:62:1", "1:63:1"}) {
    EXPECT_TRUE(contains(shown, text)) << shown;
  }
  const std::string attributes = run_command("sfdisk --part-attrs " + file.path() + " 1").output;
  EXPECT_TRUE(contains(attributes, "60,61,62,63")) << attributes;
}

TEST(DiskJudges, FindNothingOnRepairedCopies) {
  HOLDFAST_NEEDS_JUDGE("sgdisk");
  HOLDFAST_NEEDS_JUDGE("sfdisk");
  const DiskImage sound = made_by_sgdisk();
  for (const uint64_t lba : {uint64_t{1}, uint64_t{2}, sound.last_lba(), sound.last_lba() - 32}) {
    DiskImage image = sound;
    std::fill_n(image.sector(lba), 512, uint8_t{0xFF});
    image.apply(rewrite_identity(image.view(), DiskIdentity::random_for(read_layout(image.view()).value())).take());
    expect_no_findings(image);
  }
}

TEST(DiskJudges, FindNothingOnAGrownDiskWhoseBackupWasMoved) {
  HOLDFAST_NEEDS_JUDGE("sgdisk");
  DiskImage image = made_by_sgdisk();
  image.bytes.resize(48 * kMiB);
  image.apply(rewrite_identity(image.view(), DiskIdentity::random_for(read_layout(image.view()).value())).take());
  const TemporaryFile file(image.bytes);
  const CommandResult sgdisk = run_command("sgdisk -v " + file.path());
  EXPECT_TRUE(contains(sgdisk.output, "No problems found")) << sgdisk.output;
}

TEST(DiskJudges, MbrSignatureIsTheDiskIdentifierOfSfdisk) {
  HOLDFAST_NEEDS_JUDGE("sfdisk");
  const TemporaryFile blank(std::vector<uint8_t>(32 * kMiB));
  const std::string script =
      "printf 'label: dos\\nlabel-id: 0xcafebabe\\nd1 : start=2048, size=4096, type=7\\nd2 : start=8192, type=5\\n"
      "d5 : size=2048, type=83\\nd6 : type=83\\n' | ";
  const CommandResult made = run_command("{ " + script + "sfdisk -q " + blank.path() + "; }");
  ASSERT_EQ(made.exit_code, 0) << made.output;
  DiskImage image(blank.read());
  Result<DiskLayout> layout = read_layout(image.view());
  ASSERT_TRUE(layout.ok()) << layout.status().message();
  EXPECT_EQ(layout.value().kind, LayoutKind::mbr);
  EXPECT_EQ(layout.value().mbr_signature, 0xCAFEBABEu);
  EXPECT_TRUE(layout.value().has_extended_beyond_head);

  DiskIdentity identity = identity_of(image.view()).value();
  identity.mbr_signature = 0x01020304;
  image.apply(rewrite_identity(image.view(), identity).take());
  image.apply(set_vss_flags(image.view(), kVssFlagsMask, 0).take());
  const TemporaryFile file(image.bytes);
  EXPECT_TRUE(contains(run_command("sfdisk --disk-id " + file.path()).output, "0x01020304"));
  const CommandResult verify = run_command("sfdisk --verify " + file.path());
  EXPECT_TRUE(verify.exit_code == 0 && contains(verify.output, "No errors detected")) << verify.output;
  const std::string dump = run_command("sfdisk -d " + file.path()).output;
  EXPECT_TRUE(contains(dump, "start=        2048, size=        4096, type=7")) << dump;
}

}  // namespace
}  // namespace holdfast::test
