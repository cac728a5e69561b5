// native/base/planted.h
//
// Ordering bugs, planted one at a time to prove that the crash campaign sees them (`npm run crash -- --planted`).
//
// Only a build with HOLDFAST_PLANTED has them; everywhere else planted() is false at compile time and nothing is left
// of them. Each stands where somebody could have made it, and breaks one rule that nothing but a power cut would show.
//
// Thread: chosen before the first loop starts, read by all.
#pragma once

#include <cstdint>

namespace holdfast {

enum class PlantedBug : uint8_t {
  none,
  unchecked_data,         // recovery believes a redirect without looking at the data it points at
  area_not_synced,        // a flush syncs the journal and not the area
  base_not_synced,        // a flush does not sync the base
  early_mark,             // a family's durable mark covers records that were added after the sync had begun
  rewrite_under_record,   // a place is rewritten although neither its old nor its new record is known to be durable
  early_reuse,            // a place is free at once when it is let go
  set_before_data,        // a set is recorded before what its copies see is durable
  forgotten_limit,        // a write goes in place although a copy that was taken in that epoch sees the version
  checkpoint_not_synced,  // a checkpoint gets its name before its bytes are durable
  lost_checkpoint_tail,   // the last leaf of a map is missing in a checkpoint
  early_home,             // a home is free, and written to, before the end of the copy that sees it is durable
  late_capture,           // the epoch ends after the capture: a write admitted later can reach the copy
};

#ifdef HOLDFAST_PLANTED
inline PlantedBug the_planted_bug = PlantedBug::none;
inline bool planted(PlantedBug bug) { return the_planted_bug == bug; }
#else
constexpr bool planted(PlantedBug) { return false; }
#endif

}  // namespace holdfast
