// native/array/version_map.h
//
// Where the redirected units of a family live: a sorted map from (unit, stamp) to a place.
//
// A version of a unit is written under a stamp, which stands for one epoch of one branch (array/branches.h). Units
// without a version are read from the base file. The map is a directory of leaves, each with its first key; a leaf
// holds up to kEntriesMax entries of 12 bytes in 4 KiB, packed and sorted, the same in memory and in a checkpoint. A
// full leaf shares its entries with a neighbour that has room before it is split, so leaves written at random are well
// filled.
//
// A checkpoint takes a snapshot of the map in one turn by sharing the leaves; a shared leaf is copied before it
// is changed. So the map goes on changing while an older state of it is being written.
//
// A map that was opened may have leaves that are still stored: only their first key and their page in the checkpoint
// are known. Whoever asks about a unit makes its leaves resident before (array/leaf_store.h); once there, they stay.
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
    if (directory_.empty()) return;
    for (size_t slot = slot_of(unit, 0); slot < directory_.size(); ++slot) {
      const Leaf& page = *directory_[slot].leaf.get();
      for (uint32_t i = lower_bound(page, unit, 0); i < page.entry_count; ++i) {
        if (page.entries[i].unit != unit) return;
        visit(page.entries[i]);
      }
      if (slot + 1 < directory_.size() && directory_[slot + 1].first_key >> 32 > unit) return;
    }
  }

  /// Calls visit(const Entry&) for every version there is in a resident leaf.
  template <typename Visit>
  void for_all(Visit visit) const {
    for (const Slot& slot : directory_) {
      if (slot.leaf.get() == nullptr) continue;
      for (uint32_t i = 0; i < slot.leaf->entry_count; ++i) visit(slot.leaf->entries[i]);
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

  /// The leaves as they are now, all of them resident.
  std::vector<LeafRef> snapshot() const;

  // Leaves that are stored. --------------------------------------------------------------------------------------
  struct Stored {
    uint64_t first_key = 0;
    uint32_t page = 0;
    uint32_t entry_count = 0;
  };
  /// Appends a leaf of which only this is known; leaves must come in order.
  void append_stored(uint64_t first_key, uint32_t page, uint32_t entry_count);
  /// Whether everything about the units first .. first + count - 1 is in memory, the room for new versions included.
  bool is_resident(UnitIndex first, uint32_t count) const {
    return stored_count_ == 0 || !find_stored(first, first + (count - 1), nullptr);
  }
  /// The first stored leaf that concerns the units first .. last; false if there is none.
  bool find_stored(UnitIndex first, UnitIndex last, Stored* stored) const;
  /// Whether this can be the leaf that was stored there: it has as many entries and ends before the next one begins.
  bool is_that_leaf(const Stored& stored, const Leaf& leaf) const;
  /// The leaf that was stored there; nothing happens if it is resident already.
  void make_resident(const Stored& stored, LeafRef leaf);
  size_t stored_count() const { return stored_count_; }

  uint64_t entry_count() const { return entry_count_; }
  size_t leaf_count() const { return directory_.size(); }
  uint64_t memory_bytes() const {
    return (directory_.size() - stored_count_) * sizeof(Leaf) + directory_.size() * sizeof(Slot);
  }

  static constexpr uint64_t key_of(UnitIndex unit, StampId stamp) { return (uint64_t{unit} << 32) | stamp; }
  static constexpr uint64_t key_of(const Entry& entry) { return key_of(entry.unit, entry.stamp); }

 private:
  // Keys from first_key up to that of the next slot are looked for here; those before the first one in the first.
  struct Slot {
    uint64_t first_key;
    LeafRef leaf;  // null: stored
    uint32_t page = 0;
    uint32_t stored_entry_count = 0;
  };

  static uint32_t lower_bound(const Leaf& leaf, UnitIndex unit, StampId stamp);
  // The slot whose leaf has (unit, stamp) if any has; there is at least one.
  size_t slot_of(UnitIndex unit, StampId stamp) const;
  Leaf& own(size_t index);
  bool is_resident(size_t index) const { return directory_[index].leaf.get() != nullptr; }
  void make_room(size_t index);
  bool share(size_t left, size_t emptier);
  void split(size_t index, uint32_t keep);
  void merge_around(size_t index);
  void remove_slot(size_t index) { directory_.erase(directory_.begin() + static_cast<ptrdiff_t>(index)); }

  // In order. First keys only move where both leaves concerned are resident, so a unit whose leaves are stays so.
  std::vector<Slot> directory_;
  size_t stored_count_ = 0;
  uint64_t entry_count_ = 0;
};

}  // namespace holdfast
