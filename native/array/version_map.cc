#include "array/version_map.h"

#include <algorithm>
#include <cstring>

namespace holdfast {

uint32_t VersionMap::lower_bound(const Leaf& leaf, UnitIndex unit, StampId stamp) {
  const uint64_t key = key_of(unit, stamp);
  const Entry* end = leaf.entries + leaf.entry_count;
  const Entry* found =
      std::lower_bound(leaf.entries, end, key, [](const Entry& entry, uint64_t k) { return key_of(entry) < k; });
  return static_cast<uint32_t>(found - leaf.entries);
}

size_t VersionMap::slot_of(UnitIndex unit, StampId stamp) const {
  auto behind = std::upper_bound(directory_.begin(), directory_.end(), key_of(unit, stamp),
                                 [](uint64_t key, const Slot& slot) { return key < slot.first_key; });
  return behind == directory_.begin() ? 0 : static_cast<size_t>(behind - directory_.begin()) - 1;
}

bool VersionMap::find(UnitIndex unit, StampId stamp, Place* place) const {
  if (directory_.empty()) return false;
  const Leaf& leaf = *directory_[slot_of(unit, stamp)].leaf.get();
  const uint32_t position = lower_bound(leaf, unit, stamp);
  if (position == leaf.entry_count || key_of(leaf.entries[position]) != key_of(unit, stamp)) return false;
  *place = leaf.entries[position].place;
  return true;
}

VersionMap::Leaf& VersionMap::own(size_t index) {
  LeafRef& leaf = directory_[index].leaf;
  if (leaf->reference_count > 1) {
    Leaf* copy = new Leaf;
    copy->entry_count = leaf->entry_count;
    std::memcpy(copy->entries, leaf->entries, leaf->entry_count * sizeof(Entry));
    leaf = LeafRef(copy);
  }
  return *leaf.get();
}

// Half of the entries of two neighbours each, if the emptier one has room enough for a while.
bool VersionMap::share(size_t left, size_t emptier) {
  if (left + 1 >= directory_.size() || !is_resident(left) || !is_resident(left + 1)) return false;
  if (directory_[emptier].leaf->entry_count > kEntriesMax - kEntriesMax / 8) return false;
  Leaf& one = own(left);
  Leaf& other = own(left + 1);
  const uint32_t total = one.entry_count + other.entry_count;
  const uint32_t keep = total / 2;
  if (one.entry_count > keep) {
    const uint32_t moved = one.entry_count - keep;
    std::memmove(other.entries + moved, other.entries, other.entry_count * sizeof(Entry));
    std::memcpy(other.entries, one.entries + keep, moved * sizeof(Entry));
  } else {
    const uint32_t moved = keep - one.entry_count;
    std::memcpy(one.entries + one.entry_count, other.entries, moved * sizeof(Entry));
    std::memmove(other.entries, other.entries + moved, (other.entry_count - moved) * sizeof(Entry));
  }
  one.entry_count = keep;
  other.entry_count = total - keep;
  directory_[left + 1].first_key = key_of(other.entries[0]);
  return true;
}

void VersionMap::split(size_t index, uint32_t keep) {
  Leaf& full = own(index);
  Leaf* behind = new Leaf;
  behind->entry_count = full.entry_count - keep;
  std::memcpy(behind->entries, full.entries + keep, behind->entry_count * sizeof(Entry));
  full.entry_count = keep;
  directory_.insert(directory_.begin() + static_cast<ptrdiff_t>(index) + 1,
                    Slot{key_of(behind->entries[0]), LeafRef(behind)});
}

void VersionMap::make_room(size_t index) {
  if (share(index, index + 1)) return;
  if (index > 0 && share(index - 1, index - 1)) return;
  split(index, kEntriesMax / 2);
}

bool VersionMap::put(UnitIndex unit, StampId stamp, Place place, Place* former) {
  const uint64_t key = key_of(unit, stamp);
  if (directory_.empty()) directory_.push_back(Slot{key, LeafRef(new Leaf)});
  size_t index = slot_of(unit, stamp);
  uint32_t position = lower_bound(*directory_[index].leaf.get(), unit, stamp);
  {
    const Leaf& leaf = *directory_[index].leaf.get();
    if (position < leaf.entry_count && key_of(leaf.entries[position]) == key) {
      Entry& entry = own(index).entries[position];
      *former = entry.place;
      entry.place = place;
      return true;
    }
    if (leaf.entry_count == kEntriesMax) {
      if (position == kEntriesMax) {
        // Units written in order fill their leaves: what comes behind the last one begins a leaf of its own.
        ++index;
        directory_.insert(directory_.begin() + static_cast<ptrdiff_t>(index), Slot{key, LeafRef(new Leaf)});
      } else {
        make_room(index);
        index = slot_of(unit, stamp);
      }
      position = lower_bound(*directory_[index].leaf.get(), unit, stamp);
    }
  }
  Leaf& leaf = own(index);
  std::memmove(leaf.entries + position + 1, leaf.entries + position, (leaf.entry_count - position) * sizeof(Entry));
  leaf.entries[position] = Entry{unit, stamp, place};
  ++leaf.entry_count;
  ++entry_count_;
  directory_[index].first_key = std::min(directory_[index].first_key, key);
  return false;
}

bool VersionMap::erase(UnitIndex unit, StampId stamp, Place* former) {
  if (directory_.empty()) return false;
  const size_t index = slot_of(unit, stamp);
  const uint32_t position = lower_bound(*directory_[index].leaf.get(), unit, stamp);
  {
    const Leaf& leaf = *directory_[index].leaf.get();
    if (position == leaf.entry_count || key_of(leaf.entries[position]) != key_of(unit, stamp)) return false;
  }
  Leaf& leaf = own(index);
  *former = leaf.entries[position].place;
  std::memmove(leaf.entries + position, leaf.entries + position + 1, (leaf.entry_count - position - 1) * sizeof(Entry));
  --leaf.entry_count;
  --entry_count_;
  if (leaf.entry_count < kEntriesMax / 4) merge_around(index);
  return true;
}

// A thin leaf joins a neighbour if both then fit with room to spare; an empty one goes, unless a stored one would have
// to answer for its units.
void VersionMap::merge_around(size_t index) {
  if (directory_[index].leaf->entry_count == 0) {
    const size_t heir = index > 0 ? index - 1 : 1;
    if (heir >= directory_.size() || is_resident(heir)) remove_slot(index);
    return;
  }
  const auto fit = [&](size_t left) {
    return left + 1 < directory_.size() && is_resident(left) && is_resident(left + 1) &&
           directory_[left].leaf->entry_count + directory_[left + 1].leaf->entry_count <= kEntriesMax * 3 / 4;
  };
  size_t left = index;
  if (!fit(left)) {
    if (index == 0 || !fit(index - 1)) return;
    left = index - 1;
  }
  Leaf& into = own(left);
  const Leaf& from = *directory_[left + 1].leaf.get();
  std::memcpy(into.entries + into.entry_count, from.entries, from.entry_count * sizeof(Entry));
  into.entry_count += from.entry_count;
  remove_slot(left + 1);
}

void VersionMap::append_leaf(LeafRef leaf) {
  entry_count_ += leaf->entry_count;
  const uint64_t first_key = key_of(leaf->entries[0]);
  directory_.push_back(Slot{first_key, std::move(leaf)});
}

std::vector<VersionMap::LeafRef> VersionMap::snapshot() const {
  std::vector<LeafRef> leaves;
  leaves.reserve(directory_.size());
  for (const Slot& slot : directory_) {
    if (slot.leaf->entry_count > 0) leaves.push_back(slot.leaf);
  }
  return leaves;
}

void VersionMap::append_stored(uint64_t first_key, uint32_t page, uint32_t entry_count) {
  entry_count_ += entry_count;
  directory_.push_back(Slot{first_key, LeafRef(), page, entry_count});
  ++stored_count_;
}

bool VersionMap::find_stored(UnitIndex first, UnitIndex last, Stored* stored) const {
  if (stored_count_ == 0) return false;
  for (size_t slot = slot_of(first, 0); slot < directory_.size(); ++slot) {
    if (slot > 0 && directory_[slot].first_key >> 32 > last) return false;
    if (is_resident(slot)) continue;
    const Slot& found = directory_[slot];
    if (stored != nullptr) *stored = Stored{found.first_key, found.page, found.stored_entry_count};
    return true;
  }
  return false;
}

bool VersionMap::is_that_leaf(const Stored& stored, const Leaf& leaf) const {
  if (leaf.entry_count != stored.entry_count || key_of(leaf.entries[0]) != stored.first_key) return false;
  const auto unit = static_cast<UnitIndex>(stored.first_key >> 32);
  const size_t behind = slot_of(unit, static_cast<StampId>(stored.first_key)) + 1;
  return behind >= directory_.size() || key_of(leaf.entries[leaf.entry_count - 1]) < directory_[behind].first_key;
}

void VersionMap::make_resident(const Stored& stored, LeafRef leaf) {
  if (directory_.empty()) return;
  const auto unit = static_cast<UnitIndex>(stored.first_key >> 32);
  Slot& slot = directory_[slot_of(unit, static_cast<StampId>(stored.first_key))];
  if (slot.leaf.get() != nullptr || slot.first_key != stored.first_key || slot.page != stored.page) return;
  slot.leaf = std::move(leaf);
  --stored_count_;
}

}  // namespace holdfast
