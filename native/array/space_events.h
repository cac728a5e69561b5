// native/array/space_events.h
//
// What happens to the room of an array's copies, for whoever watches: the last events since it was opened.
//
// Thread: the loop's. Crash: nothing here is durable.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "array/records.h"
#include "base/status.h"
#include "hold/lease.h"
#include "io/loop.h"

namespace holdfast {

enum class SpaceEventKind : uint8_t {
  filling,   // a diff area has passed a threshold
  full,      // a write is refused, or begins to wait
  given_up,  // a copy was given up
};

inline constexpr uint64_t kUnknownMillis = ~uint64_t{0};

struct SpaceEvent {
  uint64_t sequence = 0;
  SpaceEventKind kind = SpaceEventKind::filling;
  Guid lun;  // whose diff area it is
  uint32_t threshold_percent = 0;
  uint64_t used_bytes = 0;
  uint64_t maximum_bytes = kNoMaximum;
  uint64_t bytes_per_second = 0;
  uint64_t left_millis = kUnknownMillis;  // until it or the file system is full, at that rate
  GivenUpCopy copy;                       // of given_up
  Status failure;                         // of full and given_up: the first error
};

class SpaceEvents {
 public:
  explicit SpaceEvents(Loop& loop) : changed_(loop) {}

  void tell(SpaceEvent event);
  /// Events behind the sequence number, oldest first, as soon as there are any; none if end() came first.
  Task<std::vector<SpaceEvent>> behind(OwnerId owner, uint64_t sequence);
  /// Ends what the owner waits for now.
  void end(OwnerId owner);
  /// Nobody waits any more.
  void end_all();

 private:
  static constexpr size_t kEventsMax = 256;

  Event changed_;
  std::deque<SpaceEvent> events_;
  uint64_t last_sequence_ = 0;
  std::map<OwnerId, uint64_t> ends_;
  bool ended_ = false;
};

}  // namespace holdfast
