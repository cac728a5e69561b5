#include "array/version_map.h"

#include <algorithm>
#include <cstring>

namespace holdfast {
namespace {

constexpr uint64_t key_of(UnitIndex unit, StampId stamp) { return (uint64_t{unit} << 32) | stamp; }
uint64_t key_of(const VersionMap::Entry& entry) { return key_of(entry.unit, entry.stamp); }

}  // namespace

uint32_t VersionMap::lower_bound(const Leaf& leaf, UnitIndex unit, StampId stamp) {
  const uint64_t key = key_of(unit, stamp);
  const Entry* end = leaf.entries + leaf.entry_count;
  const Entry* found =
      std::lower_bound(leaf.entries, end, key, [](const Entry& entry, uint64_t k) { return key_of(entry) < k; });
  return static_cast<uint32_t>(found - leaf.entries);
}

size_t VersionMap::leaf_of(UnitIndex unit, StampId stamp) const {
  const uint64_t key = key_of(unit, stamp);
  auto found = std::lower_bound(directory_.begin(), directory_.end(), key, [](const LeafRef& leaf, uint64_t k) {
    return key_of(leaf->entries[leaf->entry_count - 1]) < k;
  });
  return static_cast<size_t>(found - directory_.begin());
}

bool VersionMap::find(UnitIndex unit, StampId stamp, Place* place) const {
  const size_t index = leaf_of(unit, stamp);
  if (index == directory_.size()) return false;
  const Leaf& leaf = *directory_[index].get();
  const Entry& entry = leaf.entries[lower_bound(leaf, unit, stamp)];
  if (entry.unit != unit || entry.stamp != stamp) return false;
  *place = entry.place;
  return true;
}

VersionMap::Leaf& VersionMap::own(size_t index) {
  LeafRef& leaf = directory_[index];
  if (leaf->reference_count > 1) {
    Leaf* copy = new Leaf;
    copy->entry_count = leaf->entry_count;
    std::memcpy(copy->entries, leaf->entries, leaf->entry_count * sizeof(Entry));
    leaf = LeafRef(copy);
  }
  return *leaf.get();
}

// Makes room for an entry at `position` of a full leaf. An entry behind the last one gets a leaf of its own, so that
// units written in order fill their leaves.
void VersionMap::split(size_t index, uint32_t position) {
  Leaf& full = own(index);
  const uint32_t keep = position == full.entry_count ? full.entry_count : full.entry_count / 2;
  Leaf* behind = new Leaf;
  behind->entry_count = full.entry_count - keep;
  std::memcpy(behind->entries, full.entries + keep, behind->entry_count * sizeof(Entry));
  full.entry_count = keep;
  directory_.insert(directory_.begin() + static_cast<ptrdiff_t>(index) + 1, LeafRef(behind));
}

bool VersionMap::put(UnitIndex unit, StampId stamp, Place place, Place* former) {
  size_t index = leaf_of(unit, stamp);
  if (index == directory_.size()) {
    if (directory_.empty()) {
      directory_.emplace_back(new Leaf);
    } else {
      --index;
    }
    index = directory_.size() - 1;
  }
  uint32_t position = lower_bound(*directory_[index].get(), unit, stamp);
  {
    const Leaf& leaf = *directory_[index].get();
    if (position < leaf.entry_count && key_of(leaf.entries[position]) == key_of(unit, stamp)) {
      Entry& entry = own(index).entries[position];
      *former = entry.place;
      entry.place = place;
      return true;
    }
    if (leaf.entry_count == kEntriesMax) {
      split(index, position);
      const uint32_t kept = directory_[index]->entry_count;
      if (position > kept || kept == kEntriesMax) {
        ++index;
        position -= kept;
      }
    }
  }
  Leaf& leaf = own(index);
  std::memmove(leaf.entries + position + 1, leaf.entries + position, (leaf.entry_count - position) * sizeof(Entry));
  leaf.entries[position] = Entry{unit, stamp, place};
  ++leaf.entry_count;
  ++entry_count_;
  return false;
}

bool VersionMap::erase(UnitIndex unit, StampId stamp, Place* former) {
  const size_t index = leaf_of(unit, stamp);
  if (index == directory_.size()) return false;
  const uint32_t position = lower_bound(*directory_[index].get(), unit, stamp);
  if (key_of(directory_[index]->entries[position]) != key_of(unit, stamp)) return false;
  Leaf& leaf = own(index);
  *former = leaf.entries[position].place;
  std::memmove(leaf.entries + position, leaf.entries + position + 1, (leaf.entry_count - position - 1) * sizeof(Entry));
  --leaf.entry_count;
  --entry_count_;
  if (leaf.entry_count < kEntriesMax / 4) merge_around(index);
  return true;
}

// A thin leaf joins a neighbour if both then fit with room to spare; an empty one goes.
void VersionMap::merge_around(size_t index) {
  if (directory_[index]->entry_count == 0) {
    directory_.erase(directory_.begin() + static_cast<ptrdiff_t>(index));
    return;
  }
  const uint32_t limit = kEntriesMax * 3 / 4;
  size_t left = index;
  if (index + 1 < directory_.size() && directory_[index]->entry_count + directory_[index + 1]->entry_count <= limit) {
    left = index;
  } else if (index > 0 && directory_[index - 1]->entry_count + directory_[index]->entry_count <= limit) {
    left = index - 1;
  } else {
    return;
  }
  Leaf& into = own(left);
  const Leaf& from = *directory_[left + 1].get();
  std::memcpy(into.entries + into.entry_count, from.entries, from.entry_count * sizeof(Entry));
  into.entry_count += from.entry_count;
  directory_.erase(directory_.begin() + static_cast<ptrdiff_t>(left) + 1);
}

void VersionMap::append_leaf(LeafRef leaf) {
  entry_count_ += leaf->entry_count;
  directory_.push_back(std::move(leaf));
}

}  // namespace holdfast
