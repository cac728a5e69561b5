// native/array/space_use.h
//
// Who keeps how much of a family's space: what the deletion of a copy, and of all older ones, would free.
//
// A version of a unit is a copy's burden if copies see it and no ordinary LUN does; it is counted once, for the newest
// copy that sees it, because it goes with that one when copies go oldest first. The base counts as a version.
//
// Versions are not looked at one by one. A version is followed by the next of its unit and branch, so the stamp of the
// follower tells when its readers end: its newest reader has the largest limit below the follower's epoch. So one
// counter a stamp, kept with every write and every version that goes, says it for all units at once, and the sum costs
// in proportion to stamps and limits, neither of which grows with the data. No version is counted twice. Two things the
// counters cannot tell: what a copy of an older copy sees besides may be counted for a copy that is older than it, and
// after a revert what both the LUN and a copy of its later history see may be counted for the copy.
//
// Thread: the loop's.
#pragma once

#include <cstdint>
#include <vector>

#include "array/branches.h"

namespace holdfast {

struct SpaceReader {
  const View* view = nullptr;
  bool is_copy = false;
};

/// Units kept by each of the readers, which must be all the LUNs of the family, in the order of their capture; always 0
/// for one that is no copy.
std::vector<uint64_t> units_kept(const Branches& branches, const std::vector<SpaceReader>& readers);

}  // namespace holdfast
