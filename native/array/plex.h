// native/array/plex.h
//
// A shadow copy that is filled in full, into files of its own, so that it shares nothing with its source in the end.
//
//   begun ─prefill─▶ filled but for what was written meanwhile ─capture─▶ the rest is filled ─▶ complete
//
// Before the capture the live source is read, and every write that it admits is noted in a log; what the log names is
// read again. The capture takes an ordinary (differential) copy, which is readable from then on, and hands the log
// over: it names what of the instant is missing, and from then on what is written to the copy. When the log is empty
// and the files are synced, one record moves the copy into the family that these files are (array_plex.cc).
//
// A read of the source that is submitted before the capture never sees a write admitted after it: requests take their
// units in the order in which they came. So no chunk needs a lock against the capture.
//
// Where the file system can, whole runs of units are cloned by reference (FICLONERANGE) instead of being copied.
//
// Thread: the loop's. Ownership: the array's, which owns the family too. Crash: recovery discards the files of a plex
// that is not complete; the copy it was for stays a differential one, or goes with its set.
#pragma once

#include <cstdint>
#include <memory>

#include "array/block_walk.h"
#include "array/dirty_log.h"
#include "array/family.h"
#include "array/lun.h"
#include "array/shadow_set.h"
#include "base/guid.h"
#include "base/status.h"
#include "io/loop.h"

namespace holdfast {

/// How far a plex is. A complete one is an ordinary copy that has a family to itself.
struct PlexProgress {
  uint64_t total_bytes = 0;  // that the source had data in when the plex was begun
  uint64_t filled_bytes = 0;
  uint64_t dirty_bytes = 0;  // written since, to be read again
  Status failure;
};

class Plex {
 public:
  /// Written since and not read again yet, when the set may go on to its instant.
  static constexpr uint64_t kDirtyBytesMax = 64 << 20;

  Plex(Loop& loop, Event& changed, Guid set, OwnerId owner, ArmCopy ids, std::shared_ptr<Lun> source, Family& family);
  ~Plex();

  const Guid& set() const { return set_; }
  OwnerId owner() const { return owner_; }
  const ArmCopy& ids() const { return ids_; }
  const std::shared_ptr<Lun>& source() const { return source_; }
  /// From the capture on.
  const std::shared_ptr<Lun>& copy() const { return copy_; }
  Family& family() { return family_; }
  PlexProgress progress() const;

  /// Makes room for everything the source has data in. insufficient_storage if there is not enough.
  Task<Status> reserve();
  /// Reads the source once, from one end to the other.
  Task<Status> prefill();
  /// Reads again what was written meanwhile, for as long as there is much of it; returns after the capture, when
  /// nothing is missing, or when it was cancelled.
  Task<Status> catch_up();
  /// So little is missing that the instant may come, with room for it.
  bool is_ready() const { return prefilled_ && log_.unit_count() <= kDirtyUnitsMax; }
  /// Room for what is missing now.
  Task<Status> reserve_dirty();

  /// The capture, in its turn: `copy` sees the instant from now on.
  void captured(std::shared_ptr<Lun> copy);
  bool is_whole() const { return copy_ != nullptr && log_.unit_count() == 0; }
  /// Nothing more is read; the array takes the files away.
  void cancel(Status why);
  bool is_cancelled() const { return !failure_.ok(); }
  const Status& failure() const { return failure_; }
  /// Writes are noted no more.
  void stop_noting();

  /// The array is moving the copy into the plex's family.
  bool switching = false;
  /// Nobody is going to ask what became of it.
  bool unwanted = false;
  /// Nobody works on it any more.
  bool ended = false;

 private:
  static constexpr uint64_t kDirtyUnitsMax = kDirtyBytesMax / kUnitBytes;
  // Reading again what is written again and again is in vain until the capture comes.
  static constexpr uint64_t kRestUnits = kDirtyUnitsMax / 2;

  Lun& readable() { return copy_ != nullptr ? *copy_ : *source_; }
  Task<Status> fill(uint64_t offset_bytes, uint64_t length_bytes);
  Task<Status> copy_run(UnitIndex first, uint32_t count);
  bool is_at_home(UnitIndex first, uint32_t count);
  Task<bool> clone_run(UnitIndex first, uint32_t count);
  Task<Status> allocate(uint64_t offset_bytes, uint64_t length_bytes);

  Loop& loop_;
  Event& changed_;
  const Guid set_;
  const OwnerId owner_;
  const ArmCopy ids_;
  const std::shared_ptr<Lun> source_;
  std::shared_ptr<Lun> copy_;
  Family& family_;
  DirtyLog log_;
  UnitIndex next_dirty_ = 0;
  bool prefilled_ = false;
  bool can_clone_ = true;
  uint64_t total_bytes_ = 0;
  uint64_t filled_bytes_ = 0;
  Status failure_;
};

}  // namespace holdfast
