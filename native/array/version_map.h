// native/array/version_map.h
//
// Where the redirected units of a family live: a sorted map from (unit, stamp) to a place.
//
// A version of a unit is written under a stamp, which stands for one epoch of one branch (array/branches.h). Units
// without a version are read from the base file. The map is a directory of leaves; a leaf holds up to kEntriesMax
// entries of 12 bytes in 4 KiB, packed and sorted, the same in memory and in a checkpoint.
//
// A checkpoint takes a snapshot of the map in one turn by sharing the leaves; a shared leaf is copied before it
// is changed. So the map goes on changing while an older state of it is being written.
//
// Thread: the loop's (reference counts are not atomic). Crash: the map is rebuilt from checkpoint and journal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/units.h"

namespace holdfast {

using StampId = uint32_t;

class VersionMap {
 public:
  struct Entry {
    UnitIndex unit;
    StampId stamp;
    Place place;
  };
  static_assert(sizeof(Entry) == 12);

  static constexpr uint32_t kLeafHeaderBytes = 16;
  static constexpr uint32_t kEntriesMax = (kUnitBytes - kLeafHeaderBytes) / sizeof(Entry);

  struct Leaf {
    uint32_t reference_count = 1;
    uint32_t entry_count = 0;
    uint64_t reserved = 0;
    Entry entries[kEntriesMax];
  };
  static_assert(sizeof(Leaf) <= kUnitBytes);

  /// A counted reference to a leaf.
  class LeafRef {
   public:
    LeafRef() = default;
    explicit LeafRef(Leaf* leaf) : leaf_(leaf) {}
    LeafRef(const LeafRef& other) : leaf_(other.leaf_) {
      if (leaf_ != nullptr) ++leaf_->reference_count;
    }
    LeafRef(LeafRef&& other) noexcept : leaf_(std::exchange(other.leaf_, nullptr)) {}
    LeafRef& operator=(LeafRef other) noexcept {
      std::swap(leaf_, other.leaf_);
      return *this;
    }
    ~LeafRef() {
      if (leaf_ != nullptr && --leaf_->reference_count == 0) delete leaf_;
    }
    Leaf* get() const { return leaf_; }
    Leaf* operator->() const { return leaf_; }

   private:
    Leaf* leaf_ = nullptr;
  };

  VersionMap() = default;
  VersionMap(const VersionMap&) = delete;
  VersionMap& operator=(const VersionMap&) = delete;

  /// Calls visit(const Entry&) for every version of the unit, in the order of stamps.
  template <typename Visit>
  void for_unit(UnitIndex unit, Visit visit) const {
    for (size_t leaf = leaf_of(unit, 0); leaf < directory_.size(); ++leaf) {
      const Leaf& page = *directory_[leaf].get();
      for (uint32_t i = lower_bound(page, unit, 0); i < page.entry_count; ++i) {
        if (page.entries[i].unit != unit) return;
        visit(page.entries[i]);
      }
    }
  }

  /// Calls visit(const Entry&) for every version there is.
  template <typename Visit>
  void for_all(Visit visit) const {
    for (const LeafRef& leaf : directory_) {
      for (uint32_t i = 0; i < leaf->entry_count; ++i) visit(leaf->entries[i]);
    }
  }

  /// The place of a version; false if there is none.
  bool find(UnitIndex unit, StampId stamp, Place* place) const;

  /// Puts a version in; true and the former place if there was one under the same stamp.
  bool put(UnitIndex unit, StampId stamp, Place place, Place* former);

  /// Takes a version out; false if there was none.
  bool erase(UnitIndex unit, StampId stamp, Place* former);

  /// Appends a leaf as read from a checkpoint; leaves must come in order.
  void append_leaf(LeafRef leaf);

  /// The leaves as they are now.
  std::vector<LeafRef> snapshot() const { return directory_; }

  uint64_t entry_count() const { return entry_count_; }
  size_t leaf_count() const { return directory_.size(); }
  uint64_t memory_bytes() const { return directory_.size() * (sizeof(Leaf) + sizeof(LeafRef)); }

 private:
  static uint32_t lower_bound(const Leaf& leaf, UnitIndex unit, StampId stamp);
  // Index of the first leaf that can hold (unit, stamp) or something behind it.
  size_t leaf_of(UnitIndex unit, StampId stamp) const;
  Leaf& own(size_t index);
  void split(size_t index, uint32_t position);
  void merge_around(size_t index);

  // In order; no leaf is empty.
  std::vector<LeafRef> directory_;
  uint64_t entry_count_ = 0;
};

}  // namespace holdfast
