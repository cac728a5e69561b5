#include "array/unit_log.h"

#include <algorithm>

#include "base/bytes.h"

namespace holdfast {
namespace {

constexpr size_t kBytesPerUnitMax = 5;

}  // namespace

UnitLog::Block UnitLog::compress(std::vector<UnitIndex> units) {
  std::sort(units.begin(), units.end());
  uint8_t bytes[kUnitsPerBlock * kBytesPerUnitMax];
  size_t length = 0;
  UnitIndex before = 0;
  for (const UnitIndex unit : units) {
    uint32_t difference = unit - before;
    before = unit;
    for (; difference >= 0x80; difference >>= 7) bytes[length++] = static_cast<uint8_t>(difference | 0x80);
    bytes[length++] = static_cast<uint8_t>(difference);
  }
  return Block{std::vector<uint8_t>(bytes, bytes + length), static_cast<uint32_t>(units.size())};
}

bool UnitLog::expand(std::span<const uint8_t> bytes, size_t unit_count, std::vector<UnitIndex>* units) {
  size_t at = 0;
  uint64_t unit = 0;
  for (size_t i = 0; i < unit_count; ++i) {
    uint64_t difference = 0;
    for (uint32_t shift = 0;; shift += 7) {
      if (at == bytes.size() || shift >= 7 * kBytesPerUnitMax) return false;
      const uint8_t byte = bytes[at++];
      difference |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) break;
    }
    unit += difference;
    if (unit > UINT32_MAX) return false;
    units->push_back(static_cast<UnitIndex>(unit));
  }
  return at == bytes.size();
}

void UnitLog::seal() {
  if (last_.empty()) return;
  blocks_.push_back(compress(std::move(last_)));
  last_ = {};
}

std::vector<UnitIndex> UnitLog::block(size_t index) const {
  const Block& block = blocks_[index];
  std::vector<UnitIndex> units;
  units.reserve(block.unit_count);
  (void)expand(block.bytes, block.unit_count, &units);
  return units;
}

void UnitLog::encode(std::vector<uint8_t>& out) const {
  ByteWriter writer(out);
  writer.u32(static_cast<uint32_t>(blocks_.size() + (last_.empty() ? 0 : 1)));
  const auto put = [&](const Block& block) {
    writer.u16(static_cast<uint16_t>(block.unit_count));
    writer.u16(static_cast<uint16_t>(block.bytes.size()));
    out.insert(out.end(), block.bytes.begin(), block.bytes.end());
  };
  for (const Block& block : blocks_) put(block);
  if (!last_.empty()) put(compress(last_));
}

bool UnitLog::decode(std::span<const uint8_t> bytes, uint64_t unit_end) {
  ByteReader in(bytes);
  const uint32_t count = in.u32();
  std::vector<UnitIndex> units;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t unit_count = in.u16();
    const std::span<const uint8_t> stored = in.raw(in.u16());
    units.clear();
    if (!in.ok() || unit_count == 0 || unit_count > kUnitsPerBlock) return false;
    if (!expand(stored, unit_count, &units) || units.back() >= unit_end) return false;
    blocks_.push_back(Block{std::vector<uint8_t>(stored.begin(), stored.end()), unit_count});
  }
  return in.done();
}

uint64_t UnitLog::memory_bytes() const {
  uint64_t bytes = blocks_.capacity() * sizeof(Block) + last_.capacity() * sizeof(UnitIndex);
  for (const Block& block : blocks_) bytes += block.bytes.capacity();
  return bytes;
}

}  // namespace holdfast
