// native/array/lun_request.h
//
// One read, write or flush of a LUN, from its arrival to its completion.
//
// Ownership: the caller's, with the buffer, until `done` has been called on the loop's thread. Cost: a request that
// stays in one piece allocates nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "array/branches.h"
#include "array/family.h"
#include "array/unit_holds.h"
#include "base/status.h"
#include "hold/gate.h"
#include "io/io.h"

namespace holdfast {

class DiffArea;
class Lun;

/// Who asks. A host sees a copy only as it was made available to it; internal requests pass the state of the LUN.
enum class Initiator : uint8_t { host, provider, internal };

enum class LunOp : uint8_t { read, write, flush };

/// Writes admitted in one epoch of a LUN. Shared with the set that cut the epoch.
struct EpochWrites {
  Epoch epoch = 0;
  uint32_t in_flight_count = 0;
  Status failure;  // of the first write that failed
};

/// What a write found too little of.
enum class Lack : uint8_t {
  none,
  of_area,    // its LUN's copies keep as much as they may
  of_disk,    // the file system has no space
  of_health,  // the area cannot be written to
};

struct LunRequest : GateRequest {
  LunOp op = LunOp::read;
  bool force_unit_access = false;
  /// Part of what the LUN refuses everybody else's requests for.
  bool within_change = false;
  Initiator initiator = Initiator::host;
  uint64_t offset_bytes = 0;
  uint32_t length_bytes = 0;
  uint8_t* data = nullptr;  // aligned to 4096
  void (*done)(LunRequest* request) = nullptr;
  Status status;  // valid in `done`

  // What follows belongs to the LUN. ----------------------------------------------------------------------------

  struct Holder : UnitHolder {
    LunRequest* request = nullptr;
  };
  struct Segment : IoRequest {
    LunRequest* request = nullptr;
  };
  // A unit whose version the completion records.
  struct Change {
    UnitIndex unit = 0;
    Place place = kHome;
    StampId rewritten = 0;  // 0: a fresh version; else the version that is rewritten in place
    StampId before = 0;     // of a fresh version: what it follows on its branch
    bool follows_garbage = false;
    const uint8_t* data = nullptr;
  };
  struct Flush : SyncWaiter {
    LunRequest* request = nullptr;
  };
  // A unit that is read, changed in part and written whole. A request has at most two: its first and its last.
  struct Merge {
    AlignedBuffer unit_bytes;
    Segment read;
    UnitIndex unit = 0;
    Place to = kHome;
    uint32_t within_bytes = 0;
    uint32_t length_bytes = 0;
    const uint8_t* data = nullptr;
  };

  Lun* lun = nullptr;
  EpochWrites* epoch = nullptr;
  uint64_t views_gone = 0;  // when the write was planned
  bool writes_home = false;
  bool writes_area = false;
  Holder holder;
  Flush flush;
  uint32_t segments_running = 0;
  uint32_t inline_segment_count = 0;
  Segment inline_segments[3];
  std::vector<std::unique_ptr<Segment>> more_segments;
  std::vector<Change> changes;
  Merge merges[2];
  uint32_t merge_count = 0;
  // Units by which this write lets the copies keep more, and the diff area that counts them once all of it is planned.
  uint64_t kept_units = 0;
  bool is_uncounted = false;  // what it makes be kept is no copy's
  std::shared_ptr<DiffArea> counted_in;
  bool area_failed = false;
  // What it lacked when it was tried last, how often it has been, and until when it may wait.
  Lack lack = Lack::none;
  uint32_t tries = 0;
  Instant stall_until = 0;

  Segment& add_segment() {
    Segment* segment = nullptr;
    if (inline_segment_count < std::size(inline_segments)) {
      segment = &inline_segments[inline_segment_count++];
    } else {
      more_segments.push_back(std::make_unique<Segment>());
      segment = more_segments.back().get();
    }
    segment->request = this;
    return *segment;
  }
};

}  // namespace holdfast
