// native/array/leaf_store.h
//
// Where the leaves of maps lie that were not needed yet: the checkpoint an array was opened from, after it had been
// closed. Its file stays open, though it may have lost its name, until the array is closed.
//
// Reading the same leaf twice at once does no harm: the map takes the first and forgets the second.
//
// Thread: the loop's. Ownership: the array's, which closes the file; families point to it.
#pragma once

#include <cstdint>
#include <string>

#include "array/map_limits.h"
#include "array/version_map.h"
#include "base/status.h"
#include "io/loop.h"

namespace holdfast {

class LeafStore {
 public:
  LeafStore(Loop& loop, int file, std::string name, uint64_t leaves_at_bytes, uint32_t leaf_count)
      : loop_(loop), file_(file), name_(std::move(name)), leaves_at_bytes_(leaves_at_bytes), leaf_count_(leaf_count) {}

  /// Makes everything about the units first .. first + count - 1 resident. array_damaged with the offset, if a leaf is
  /// not the one that the directory names or says what cannot be.
  Task<Status> load(VersionMap& map, uint32_t family, MapLimits limits, UnitIndex first, uint32_t count);
  /// Makes the whole map resident, in steps of a fraction of a millisecond.
  Task<Status> load_all(VersionMap& map, uint32_t family, MapLimits limits);

  int file() const { return file_; }
  uint32_t leaf_count() const { return leaf_count_; }

 private:
  Task<Status> read(VersionMap& map, uint32_t family, const MapLimits& limits, VersionMap::Stored first,
                    uint32_t pages);
  Status damaged(uint64_t at_bytes, const char* what) const;

  Loop& loop_;
  const int file_;
  const std::string name_;
  const uint64_t leaves_at_bytes_;
  const uint32_t leaf_count_;
};

}  // namespace holdfast
