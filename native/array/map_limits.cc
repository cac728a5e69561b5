#include "array/map_limits.h"

namespace holdfast {

const char* fault_in_leaf(const VersionMap::Leaf& leaf, const MapLimits& limits) {
  StampId known = 0;
  for (uint32_t i = 0; i < leaf.entry_count; ++i) {
    const VersionMap::Entry& entry = leaf.entries[i];
    if (entry.unit >= limits.unit_count) return "a version lies behind the LUN";
    const bool in_area = entry.place != kHome;
    if (in_area && entry.place >= limits.place_count) return "a version lies behind the area";
    if (in_area && limits.places != nullptr && !limits.places->is_used(entry.place))
      return "a version lies in free space";
    const bool is_next = i == 0 || VersionMap::key_of(leaf.entries[i - 1]) < VersionMap::key_of(entry);
    if (!is_next) return "the map is not in order";
    const bool is_known = entry.stamp == known || limits.branches.stamps().count(entry.stamp) != 0;
    if (entry.stamp == 0 || !is_known) return "a version has an unknown stamp";
    known = entry.stamp;
  }
  return nullptr;
}

}  // namespace holdfast
