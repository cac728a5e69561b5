#include "array/checkpoint.h"

#include <algorithm>
#include <bit>

#include "array/aligned.h"
#include "base/checked.h"
#include "base/crc.h"
#include "base/endian.h"
#include "base/planted.h"

namespace holdfast {
namespace {

static_assert(std::endian::native == std::endian::little, "leaves are the same in memory and on disk");

constexpr uint32_t kMagic = 0x50434648;  // "HFCP"
constexpr uint64_t kChunkBytes = 1 << 20;
constexpr uint64_t kCheckpointBytesMax = uint64_t{64} << 30;

std::vector<uint8_t> header_page(const CheckpointImage& image) {
  std::vector<uint8_t> page(8);
  ByteWriter writer(page);
  writer.u32(kFormat);
  writer.u32(image.header.next_branch);
  writer.guid(image.header.array);
  writer.u64(image.header.number);
  writer.u64(image.header.journal_generation);
  writer.u64(image.header.first_sequence);
  writer.u64(image.structure.size());
  writer.u32(crc32c(image.structure.data(), image.structure.size()));
  writer.u32(static_cast<uint32_t>(image.leaves.size()));
  page.resize(kUnitBytes);
  store_le32(page.data(), kMagic);
  store_le32(page.data() + 4, crc32c(page.data() + 8, page.size() - 8));
  return page;
}

void put_leaf(uint8_t* page, uint32_t family, const VersionMap::Leaf& leaf) {
  std::memset(page, 0, kUnitBytes);
  store_le32(page + 4, family);
  store_le32(page + 8, leaf.entry_count);
  std::memcpy(page + VersionMap::kLeafHeaderBytes, leaf.entries, leaf.entry_count * sizeof(VersionMap::Entry));
  store_le32(page, crc32c(page + 4, kUnitBytes - 4));
}

// Fills a buffer and writes it out whenever it is full.
class ChunkedFile {
 public:
  ChunkedFile(Loop& loop, int file) : loop_(loop), file_(file), buffer_(make_aligned(kChunkBytes)) {}

  bool full() const { return used_ == kChunkBytes; }
  uint8_t* next_page() {
    uint8_t* page = buffer_.get() + used_;
    used_ += kUnitBytes;
    return page;
  }
  Task<Status> flush() {
    if (used_ == 0) co_return Status();
    const int64_t result = co_await IoAwait(loop_, IoOp::write, file_, offset_, buffer_.get(), used_);
    if (result < 0) co_return Status::from_errno(static_cast<int>(-result), "writing a checkpoint", offset_);
    offset_ += used_;
    used_ = 0;
    co_return Status();
  }

 private:
  Loop& loop_;
  int file_;
  AlignedBuffer buffer_;
  uint64_t used_ = 0;
  uint64_t offset_ = 0;
};

Status damaged(const std::string& name, uint64_t offset, const char* what) {
  return Status(Code::array_damaged, name + " is damaged at byte " + std::to_string(offset) + ": " + what, 0, offset);
}

}  // namespace

Task<Status> write_checkpoint(Loop& loop, int file, const CheckpointImage& image) {
  ChunkedFile out(loop, file);
  const std::vector<uint8_t> header = header_page(image);
  std::memcpy(out.next_page(), header.data(), kUnitBytes);
  for (size_t at = 0; at < image.structure.size(); at += kUnitBytes) {
    if (out.full()) {
      Status written = co_await out.flush();
      if (!written.ok()) co_return written;
    }
    uint8_t* page = out.next_page();
    const size_t count = std::min<size_t>(kUnitBytes, image.structure.size() - at);
    std::memcpy(page, image.structure.data() + at, count);
    std::memset(page + count, 0, kUnitBytes - count);
  }
  for (const auto& [family, leaf] : image.leaves) {
    if (out.full()) {
      Status written = co_await out.flush();
      if (!written.ok()) co_return written;
    }
    put_leaf(out.next_page(), family, *leaf.get());
  }
  Status written = co_await out.flush();
  if (!written.ok()) co_return written;
  if (planted(PlantedBug::checkpoint_not_synced)) co_return Status();
  const int64_t result = co_await IoAwait(loop, IoOp::sync, file, 0, nullptr, 0);
  if (result < 0) co_return Status::from_errno(static_cast<int>(-result), "syncing a checkpoint");
  co_return Status();
}

Task<Result<CheckpointImage>> read_checkpoint(Loop& loop, int file, uint64_t size_bytes, const std::string& name) {
  if (size_bytes < kUnitBytes || size_bytes > kCheckpointBytesMax) co_return damaged(name, 0, "its size is impossible");
  AlignedBuffer bytes = make_aligned(size_bytes);
  for (uint64_t at = 0; at < size_bytes; at += kChunkBytes) {
    const uint64_t length = align_up(std::min(kChunkBytes, size_bytes - at), kUnitBytes);
    const int64_t result = co_await IoAwait(loop, IoOp::read, file, at, bytes.get() + at, length);
    if (result < 0) co_return Status::from_errno(static_cast<int>(-result), "reading " + name, at);
  }
  const uint8_t* page = bytes.get();
  if (load_le32(page) != kMagic || load_le32(page + 4) != crc32c(page + 8, kUnitBytes - 8)) {
    co_return damaged(name, 0, "the header does not match its checksum");
  }
  CheckpointImage image;
  ByteReader header(std::span(page + 8, kUnitBytes - 8));
  const uint32_t format = header.u32();
  if (format != kFormat) {
    co_return Status(Code::array_format, name + " has format " + std::to_string(format) +
                                             ", this version reads format " + std::to_string(kFormat));
  }
  image.header.next_branch = header.u32();
  image.header.array = header.guid();
  image.header.number = header.u64();
  image.header.journal_generation = header.u64();
  image.header.first_sequence = header.u64();
  const uint64_t structure_bytes = header.u64();
  const uint32_t structure_crc = header.u32();
  const uint32_t leaf_count = header.u32();
  if (structure_bytes > size_bytes - kUnitBytes) co_return damaged(name, 0, "it is shorter than its header says");
  const uint64_t leaves_at = kUnitBytes + align_up(structure_bytes, kUnitBytes);
  if (leaves_at + uint64_t{leaf_count} * kUnitBytes > size_bytes) {
    co_return damaged(name, size_bytes, "it is shorter than its header says");
  }
  const uint8_t* structure = bytes.get() + kUnitBytes;
  if (crc32c(structure, structure_bytes) != structure_crc) {
    co_return damaged(name, kUnitBytes, "the structure does not match its checksum");
  }
  for (uint64_t at = kUnitBytes + structure_bytes; at < leaves_at; ++at) {
    if (bytes[at] != 0) co_return damaged(name, at, "what pads the structure is not zero");
  }
  image.structure.assign(structure, structure + structure_bytes);
  for (uint32_t i = 0; i < leaf_count; ++i) {
    const uint64_t at = leaves_at + uint64_t{i} * kUnitBytes;
    const uint8_t* leaf_page = bytes.get() + at;
    const uint32_t entry_count = load_le32(leaf_page + 8);
    if (load_le32(leaf_page) != crc32c(leaf_page + 4, kUnitBytes - 4) || entry_count == 0 ||
        entry_count > VersionMap::kEntriesMax) {
      co_return damaged(name, at, "a leaf of the map does not match its checksum");
    }
    VersionMap::LeafRef leaf(new VersionMap::Leaf);
    leaf->entry_count = entry_count;
    std::memcpy(leaf->entries, leaf_page + VersionMap::kLeafHeaderBytes, entry_count * sizeof(VersionMap::Entry));
    image.leaves.emplace_back(load_le32(leaf_page + 4), std::move(leaf));
  }
  co_return image;
}

}  // namespace holdfast
