// native/array/unit_log.h
//
// Which units got a version under a stamp: a list that only grows, at about two bytes a unit.
//
// What was added last is kept as it came, up to kUnitsPerBlock units; a full block is sorted and stored as differences
// of seven bits a byte. A unit may be in it more than once, and may have lost its version since.
//
// A reader goes from block to block by number while the list grows; seal() makes a block of what came last.
//
// Thread: the loop's. Crash: a checkpoint of a closed array has it; otherwise it is rebuilt from the map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/units.h"

namespace holdfast {

class UnitLog {
 public:
  /// Sorting so many takes a fraction of a tenth of a millisecond.
  static constexpr size_t kUnitsPerBlock = 1024;

  void add(UnitIndex unit) {
    last_.push_back(unit);
    if (last_.size() == kUnitsPerBlock) seal();
  }
  bool empty() const { return blocks_.empty() && last_.empty(); }

  void seal();
  size_t block_count() const { return blocks_.size(); }
  /// The units of a block in ascending order.
  std::vector<UnitIndex> block(size_t index) const;

  /// Appends everything to `out`: u32 count of blocks, and of each u16 units, u16 bytes, bytes.
  void encode(std::vector<uint8_t>& out) const;
  /// Takes over what encode() wrote, all of `bytes`. False if that is no such thing, or names a unit at or above
  /// `unit_end`.
  bool decode(std::span<const uint8_t> bytes, uint64_t unit_end);

  uint64_t memory_bytes() const;

 private:
  struct Block {
    std::vector<uint8_t> bytes;
    uint32_t unit_count = 0;
  };

  static Block compress(std::vector<UnitIndex> units);
  static bool expand(std::span<const uint8_t> bytes, size_t unit_count, std::vector<UnitIndex>* units);

  std::vector<Block> blocks_;
  // Not sealed yet, in order of writing.
  std::vector<UnitIndex> last_;
};

}  // namespace holdfast
