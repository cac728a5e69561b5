// native/base/units.h
//
// Units of the array, and the conversions between them.
//
//   sector   512 bytes    logical block of a LUN: offsets and lengths of requests are multiples of it
//   unit    4096 bytes    what the map, the area and the journal count in
//   place   index of a unit in an area file, or kHome: the unit's own offset in the base file
//
// Times are Instant: nanoseconds of the monotonic clock, as the Io engine tells them.
#pragma once

#include <cstdint>

namespace holdfast {

inline constexpr uint32_t kSectorBytes = 512;
inline constexpr uint32_t kUnitBytes = 4096;
inline constexpr uint64_t kLunBytesMax = uint64_t{8} << 40;
inline constexpr uint32_t kSetLunsMax = 64;

using Instant = int64_t;
inline constexpr Instant kNever = INT64_MAX;
inline constexpr int64_t kMicrosecond = 1'000;
inline constexpr int64_t kMillisecond = 1'000'000;
inline constexpr int64_t kSecond = 1'000'000'000;

using UnitIndex = uint32_t;  // 8 TiB / 4 KiB = 2^31
using Place = uint32_t;      // an area holds at most 2^32 - 2 units: 16 TiB
inline constexpr Place kHome = 0xFFFFFFFF;

constexpr uint64_t unit_offset(uint64_t unit) { return unit * kUnitBytes; }
constexpr uint64_t units_of(uint64_t bytes) { return (bytes + kUnitBytes - 1) / kUnitBytes; }

}  // namespace holdfast
