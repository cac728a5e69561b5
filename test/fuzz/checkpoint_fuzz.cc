// Fuzzer of recovery from a checkpoint. The first byte chooses: the rest is the bytes of the file, whose first page
// gets the right checksum; or it is what a checkpoint says, which is then written as an array writes it.
//
//   u32 next branch, u64 first sequence, a list of records, u16 bytes of summary, summary, then leaves until the end:
//   u32 family, u8 entry count, entries of u32 unit, stamp and place
#include <fcntl.h>

#include "array_image.h"
#include "base/crc.h"
#include "base/endian.h"
#include "fuzz_main.h"

namespace holdfast::test {
namespace {

constexpr uint8_t kBytes = 0;
constexpr uint8_t kContents = 1;
constexpr size_t kEntriesPerLeaf = 255;

bool open_with_bytes(std::span<const uint8_t> bytes) {
  const ArrayImage& image = image_with_checkpoint();
  FuzzInput file(bytes.begin(), bytes.end());
  if (file.size() >= kUnitBytes) store_le32(file.data() + 4, crc32c(file.data() + 8, kUnitBytes - 8));
  return open_and_use(image.with(image.checkpoint_path(), file));
}

bool open_with_contents(FuzzBytes in) {
  const ArrayImage& image = image_with_checkpoint();
  CheckpointImage crafted;
  crafted.header = image.checkpoint.header;
  crafted.header.next_branch = static_cast<BranchId>(in.number(4));
  crafted.header.first_sequence = in.number(8);
  (void)take_records(in, crafted.structure);
  const std::span<const uint8_t> summary = in.piece(in.number(2));
  crafted.summary.assign(summary.begin(), summary.end());
  while (!in.empty()) {
    const auto family = static_cast<uint32_t>(in.number(4));
    VersionMap::LeafRef leaf(new VersionMap::Leaf);
    leaf->entry_count = static_cast<uint32_t>(in.number(1));
    for (uint32_t i = 0; i < leaf->entry_count; ++i) {
      VersionMap::Entry& entry = leaf->entries[i];
      entry.unit = static_cast<UnitIndex>(in.number(4));
      entry.stamp = static_cast<StampId>(in.number(4));
      entry.place = static_cast<Place>(in.number(4));
    }
    crafted.leaves.emplace_back(family, std::move(leaf));
  }
  const std::shared_ptr<SimulatedDisk> disk = image.with(image.checkpoint_path(), {});
  {
    Machine writer(disk, 4);
    const int file = disk->open(image.checkpoint_path(), O_RDWR, 0);
    require(writer.run(write_checkpoint(writer.loop(), file, crafted)).ok(), "a checkpoint is written");
    (void)disk->close(file);
  }
  disk->process_exit(1);
  return open_and_use(disk);
}

}  // namespace

std::vector<FuzzInput> fuzz_seeds() {
  const ArrayImage& image = image_with_checkpoint();
  const CheckpointImage& written = image.checkpoint;
  FuzzInput contents = {kContents};
  ByteWriter writer(contents);
  writer.u32(written.header.next_branch);
  writer.u64(written.header.first_sequence);
  put_records(contents, written.structure);
  FuzzInput without_summary = contents;
  ByteWriter(without_summary).u16(0);
  writer.u16(static_cast<uint16_t>(written.summary.size()));
  contents.insert(contents.end(), written.summary.begin(), written.summary.end());
  FuzzInput leaves;
  ByteWriter leaf_writer(leaves);
  for (const auto& [family, leaf] : written.leaves) {
    for (size_t at = 0; at < leaf->entry_count; at += kEntriesPerLeaf) {
      const size_t count = std::min<size_t>(kEntriesPerLeaf, leaf->entry_count - at);
      leaf_writer.u32(family);
      leaf_writer.u8(static_cast<uint8_t>(count));
      for (size_t i = at; i < at + count; ++i) {
        leaf_writer.u32(leaf->entries[i].unit);
        leaf_writer.u32(leaf->entries[i].stamp);
        leaf_writer.u32(leaf->entries[i].place);
      }
    }
  }
  const FuzzInput without_leaves = without_summary;
  contents.insert(contents.end(), leaves.begin(), leaves.end());
  without_summary.insert(without_summary.end(), leaves.begin(), leaves.end());
  FuzzInput bytes = {kBytes};
  const std::string text = image.disk->contents(image.checkpoint_path());
  bytes.insert(bytes.end(), text.begin(), text.end());
  require(open_with_contents(FuzzBytes(std::span(contents).subspan(1))), "the array opens from what it says");
  require(open_with_contents(FuzzBytes(std::span(without_summary).subspan(1))), "it opens without a summary");
  require(open_with_bytes(std::span(bytes).subspan(1)), "the array opens from its own checkpoint");
  return {contents, without_summary, without_leaves, bytes};
}

}  // namespace holdfast::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holdfast::test;
  if (size == 0) return 0;
  const std::span<const uint8_t> rest(data + 1, size - 1);
  (void)((data[0] & 1) == kBytes ? open_with_bytes(rest) : open_with_contents(FuzzBytes(rest)));
  return 0;
}
