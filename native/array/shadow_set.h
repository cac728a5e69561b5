// native/array/shadow_set.h
//
// A shadow copy set of the array, from its arming to its deletion.
//
//   armed ─capture─▶ captured ─record_set─▶ recording ─▶ recorded ─finish_set─▶ created
//     └──── abort, deadline, owner's death ────┴─▶ gone
//
// The VSS flags (read-only, hidden, no drive letter, shadow copy) are pending attributes of the source LUNs while the
// set is armed: memory only, shown by inspect. The capture hands them to the copies, which get them written on their
// own branches before the set is recorded. The originals are never written to, so a crash has nothing to undo.
//
// Thread: the loop's. Crash: only recorded and created exist on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "array/lun.h"
#include "array/records.h"
#include "base/guid.h"
#include "hold/lease.h"

namespace holdfast {

enum class SetState : uint8_t { arming, armed, captured, recording, recorded, created, gone };

class Plex;

struct ArmCopy {
  Guid source;    // LUN
  Guid snapshot;  // the shadow copy's id
  Guid copy;      // LUN to be
};

struct ArmRequest {
  Guid set;
  OwnerId owner = 0;
  uint32_t context = 0;
  bool auto_release = true;
  uint64_t vss_flags = 0;
  int64_t created_at_filetime = 0;
  std::vector<ArmCopy> copies;
};

struct ShadowCopy {
  ArmCopy ids;
  BranchId branch = kNoBranch;
  std::shared_ptr<Lun> source;
  std::shared_ptr<Lun> lun;  // from the capture on
  std::vector<std::shared_ptr<EpochWrites>> old_writes;
  std::shared_ptr<Plex> plex;  // of a copy that is filled in full, from the arming on
};

struct ShadowSet {
  SetState state = SetState::arming;
  OwnerId owner = 0;
  SetRecord record;  // without its copies, which are LUNs
  std::vector<ShadowCopy> copies;
  // The hold it was captured under has been released and was held throughout.
  bool released = false;
  bool abort_wanted = false;
  // Why it is gone, for whoever still asks.
  Status failure;
};

}  // namespace holdfast
