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
constexpr uint64_t kSectionBytesMax = uint64_t{4} << 30;

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
  writer.u64(image.summary.size());
  writer.u32(crc32c(image.summary.data(), image.summary.size()));
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

// Bytes and the zeroes that pad them to whole pages.
Task<Status> write_padded(ChunkedFile& out, const std::vector<uint8_t>& bytes) {
  for (size_t at = 0; at < bytes.size(); at += kUnitBytes) {
    if (out.full()) {
      Status written = co_await out.flush();
      if (!written.ok()) co_return written;
    }
    uint8_t* page = out.next_page();
    const size_t count = std::min<size_t>(kUnitBytes, bytes.size() - at);
    std::memcpy(page, bytes.data() + at, count);
    std::memset(page + count, 0, kUnitBytes - count);
  }
  co_return Status();
}

Task<Status> read_range(Loop& loop, int file, const std::string& name, uint64_t from_bytes, uint64_t length_bytes,
                        uint8_t* out) {
  for (uint64_t at = 0; at < length_bytes; at += kChunkBytes) {
    const uint64_t length = std::min(kChunkBytes, length_bytes - at);
    const int64_t result = co_await IoAwait(loop, IoOp::read, file, from_bytes + at, out + at, length);
    if (result < 0) co_return Status::from_errno(static_cast<int>(-result), "reading " + name, from_bytes + at);
  }
  co_return Status();
}

// In pieces: what is allocated was in the file. The bytes of a padded section whose checksum and padding are right;
// damage says so with its offset.
Task<Result<std::vector<uint8_t>>> read_section(Loop& loop, int file, const std::string& name, uint64_t at_bytes,
                                                uint64_t length_bytes, uint32_t crc) {
  const AlignedBuffer piece = make_aligned(kChunkBytes);
  std::vector<uint8_t> section;
  uint64_t padding_at = 0;
  const uint64_t padded_bytes = align_up(length_bytes, kUnitBytes);
  for (uint64_t at = 0; at < padded_bytes; at += kChunkBytes) {
    const uint64_t read_bytes = std::min(kChunkBytes, padded_bytes - at);
    Status read = co_await read_range(loop, file, name, at_bytes + at, read_bytes, piece.get());
    if (!read.ok()) co_return read;
    const uint64_t used_bytes = std::min(read_bytes, length_bytes - at);
    section.insert(section.end(), piece.get(), piece.get() + used_bytes);
    for (uint64_t i = used_bytes; i < read_bytes && padding_at == 0; ++i) {
      if (piece[i] != 0) padding_at = at_bytes + at + i;
    }
  }
  if (crc32c(section.data(), section.size()) != crc) {
    co_return damaged(name, at_bytes, "a section does not match its checksum");
  }
  if (padding_at != 0) co_return damaged(name, padding_at, "what pads a section is not zero");
  co_return section;
}

}  // namespace

Task<Status> write_checkpoint(Loop& loop, int file, CheckpointImage& image) {
  ChunkedFile out(loop, file);
  const std::vector<uint8_t> header = header_page(image);
  std::memcpy(out.next_page(), header.data(), kUnitBytes);
  Status written = co_await write_padded(out, image.structure);
  if (written.ok()) written = co_await write_padded(out, image.summary);
  if (!written.ok()) co_return written;
  for (auto& [family, leaf] : image.leaves) {
    if (out.full()) {
      written = co_await out.flush();
      if (!written.ok()) co_return written;
    }
    put_leaf(out.next_page(), family, *leaf.get());
    if (image.written_once) leaf = VersionMap::LeafRef();
  }
  written = co_await out.flush();
  if (!written.ok()) co_return written;
  if (planted(PlantedBug::checkpoint_not_synced)) co_return Status();
  const int64_t result = co_await IoAwait(loop, IoOp::sync, file, 0, nullptr, 0);
  if (result < 0) co_return Status::from_errno(static_cast<int>(-result), "syncing a checkpoint");
  co_return Status();
}

Task<Result<StoredCheckpoint>> read_checkpoint(Loop& loop, int file, uint64_t size_bytes, const std::string& name) {
  if (size_bytes < kUnitBytes || size_bytes > kCheckpointBytesMax) co_return damaged(name, 0, "its size is impossible");
  AlignedBuffer first = make_aligned(kUnitBytes);
  Status read = co_await read_range(loop, file, name, 0, kUnitBytes, first.get());
  if (!read.ok()) co_return read;
  const uint8_t* page = first.get();
  if (load_le32(page) != kMagic || load_le32(page + 4) != crc32c(page + 8, kUnitBytes - 8)) {
    co_return damaged(name, 0, "the header does not match its checksum");
  }
  StoredCheckpoint stored;
  ByteReader header(std::span(page + 8, kUnitBytes - 8));
  const uint32_t format = header.u32();
  if (format != kFormat) {
    co_return Status(Code::array_format, name + " has format " + std::to_string(format) +
                                             ", this version reads format " + std::to_string(kFormat));
  }
  CheckpointHeader& fields = stored.image.header;
  fields.next_branch = header.u32();
  fields.array = header.guid();
  fields.number = header.u64();
  fields.journal_generation = header.u64();
  fields.first_sequence = header.u64();
  const uint64_t structure_bytes = header.u64();
  const uint32_t structure_crc = header.u32();
  stored.leaf_count = header.u32();
  const uint64_t summary_bytes = header.u64();
  const uint32_t summary_crc = header.u32();
  const uint64_t left_bytes = std::min(size_bytes - kUnitBytes, kSectionBytesMax);
  if (structure_bytes > left_bytes || summary_bytes > left_bytes) {
    co_return damaged(name, 0, "it is shorter than its header says");
  }
  const uint64_t summary_at = kUnitBytes + align_up(structure_bytes, kUnitBytes);
  stored.leaves_at_bytes = summary_at + align_up(summary_bytes, kUnitBytes);
  if (stored.leaves_at_bytes + uint64_t{stored.leaf_count} * kUnitBytes > size_bytes) {
    co_return damaged(name, size_bytes, "it is shorter than its header says");
  }
  Result<std::vector<uint8_t>> structure =
      co_await read_section(loop, file, name, kUnitBytes, structure_bytes, structure_crc);
  if (!structure.ok()) co_return structure.status();
  Result<std::vector<uint8_t>> summary =
      co_await read_section(loop, file, name, summary_at, summary_bytes, summary_crc);
  if (!summary.ok()) co_return summary.status();
  stored.image.structure = structure.take();
  stored.image.summary = summary.take();
  co_return stored;
}

Status parse_leaf(const uint8_t* page, const std::string& name, uint64_t at_bytes, CheckpointLeaf* leaf) {
  const uint32_t entry_count = load_le32(page + 8);
  if (load_le32(page) != crc32c(page + 4, kUnitBytes - 4) || entry_count == 0 ||
      entry_count > VersionMap::kEntriesMax) {
    return damaged(name, at_bytes, "a leaf of the map does not match its checksum");
  }
  leaf->family = load_le32(page + 4);
  leaf->leaf = VersionMap::LeafRef(new VersionMap::Leaf);
  leaf->leaf->entry_count = entry_count;
  std::memcpy(leaf->leaf->entries, page + VersionMap::kLeafHeaderBytes, entry_count * sizeof(VersionMap::Entry));
  return Status();
}

Task<Status> read_leaves(Loop& loop, int file, const std::string& name, StoredCheckpoint* checkpoint) {
  AlignedBuffer pages = make_aligned(kChunkBytes);
  const uint64_t end = checkpoint->leaves_at_bytes + uint64_t{checkpoint->leaf_count} * kUnitBytes;
  for (uint64_t at = checkpoint->leaves_at_bytes; at < end; at += kChunkBytes) {
    const uint64_t length = std::min(kChunkBytes, end - at);
    Status read = co_await read_range(loop, file, name, at, length, pages.get());
    if (!read.ok()) co_return read;
    for (uint64_t page = 0; page < length; page += kUnitBytes) {
      CheckpointLeaf leaf;
      Status parsed = parse_leaf(pages.get() + page, name, at + page, &leaf);
      if (!parsed.ok()) co_return parsed;
      checkpoint->image.leaves.emplace_back(leaf.family, std::move(leaf.leaf));
    }
  }
  co_return Status();
}

}  // namespace holdfast
