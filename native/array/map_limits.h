// native/array/map_limits.h
//
// What the versions of a map must not go beyond, for maps that come from a file.
//
// Thread: the loop's. Borrows what it names.
#pragma once

#include <cstdint>

#include "array/branches.h"
#include "array/places.h"
#include "array/version_map.h"

namespace holdfast {

struct MapLimits {
  uint64_t unit_count = 0;   // of the base
  uint64_t place_count = 0;  // that the area may have
  const Branches& branches;  // whose stamps the versions carry
  /// Which places are in use, if that is known before the versions are; else null.
  const Places* places = nullptr;

  /// How many places an area of this length may have: one may lie behind its end, when a growth was lost and the unit
  /// is one of zeroes.
  static constexpr uint64_t places_of(uint64_t area_bytes) { return units_of(area_bytes) + (uint64_t{1} << 24); }
};

/// What cannot be in a leaf, in words; null if nothing is wrong with it.
const char* fault_in_leaf(const VersionMap::Leaf& leaf, const MapLimits& limits);

}  // namespace holdfast
