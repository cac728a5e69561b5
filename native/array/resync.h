// native/array/resync.h
//
// A LUN gets the bytes of a shadow copy of another family: what differs is copied, in steps that somebody asks for.
//
//   begin   the destination refuses requests; what its two ends shall hold is worked out before anything is changed;
//           "not whole" is recorded, durably
//   steps   everything between the ends: what the copy holds is written, what only the destination holds is zeroed; or,
//           where the destination is known to hold what an earlier copy held, only what has changed since that one
//   end     the two ends, where the partition tables lie, the last first; a sync; "holds what the copy holds" is
//   recorded
//
// The identity of the destination lies in its ends, and stays there until new ones with that identity take their place.
// So a resync that is cut off anywhere, and the one that follows it, find it.
//
// "Holds what the copy holds" is taken back, durably, before the next write to the LUN is begun (Lun::park).
//
// Thread: the loop's. Memory: a few MiB, whatever the size. Crash: see above; the destination is marked until a resync
// has reached its end, or a revert has given it something else.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "array/block_walk.h"
#include "array/lun_access.h"
#include "base/status.h"
#include "disk/view.h"
#include "hold/lease.h"
#include "io/loop.h"

namespace holdfast {

struct ResyncOrder {
  Guid destination;
  Guid copy;
  /// The destination becomes the disk the copy was taken of; else it stays the disk it is.
  bool original_identity = false;
};

using ResyncId = uint64_t;

struct ResyncProgress {
  ResyncId id = 0;  // 0: the destination holds what the copy holds
  /// The destination is right up to here, its ends excepted.
  uint64_t done_bytes = 0;
  uint64_t total_bytes = 0;
  uint64_t written_bytes = 0;
  /// Only what has changed since the copy that the destination held is copied.
  bool incremental = false;
};

/// The ends of a LUN that is to hold what a copy holds.
struct EndsPlan {
  DiskEnds former;
  DiskEnds wanted;
  /// By which `wanted` differs from what the copy holds, in the order in which they must become durable.
  std::vector<Patch> patches;
};

/// Reads and works out, and changes nothing. `original` shows the disk that the copy was taken of; null if nobody knows
/// it any more. cannot_revert_diskid where the partition table of the copy does not allow the identity, or there is
/// none to take; volume_not_supported for a dynamic disk.
Task<Status> plan_ends(Lun& destination, Lun& copy, Lun* original, bool original_identity, EndsPlan* plan);

class Resync {
 public:
  /// `base`: the copy whose content the destination holds; null where that is not known.
  Resync(Loop& loop, std::shared_ptr<Lun> destination, std::shared_ptr<Lun> copy, std::shared_ptr<Lun> base,
         EndsPlan plan);

  /// Copies about so many bytes more.
  Task<Status> advance(uint64_t bytes_max);
  /// Everything but the ends is as it shall be.
  bool has_copied() const { return copied_; }
  Task<Status> write_ends();
  /// What runs comes to its end soon, and fails with `cancelled`.
  void stop() { stopped_ = true; }

  const std::shared_ptr<Lun>& destination() const { return destination_; }
  const std::shared_ptr<Lun>& copy() const { return copy_; }
  bool reads(const Lun& lun) const { return copy_.get() == &lun || base_.get() == &lun; }
  ResyncProgress progress() const;

 private:
  struct Piece {
    uint64_t offset_bytes = 0;
    uint32_t length_bytes = 0;
    bool is_zero = false;
    uint8_t* buffer = nullptr;
  };
  struct Stream {
    std::unique_ptr<BlockWalk> walk;
    std::deque<Extent> extents;
    bool ended = false;
  };

  Task<Status> fill(Stream* stream);
  void drop_done(Stream* stream) const;
  Task<Status> next_pieces(std::vector<Piece>* pieces);
  Task<void> carry_over(Piece piece);
  Task<Status> write_end(uint64_t offset_bytes, const DiskEnds& ends, const uint8_t* former, const uint8_t* wanted);
  Status why_not() const;

  Loop& loop_;
  const std::shared_ptr<Lun> destination_;
  const std::shared_ptr<Lun> copy_;
  const std::shared_ptr<Lun> base_;
  EndsPlan plan_;
  Stream from_copy_;
  Stream from_destination_;
  // Between the ends.
  uint64_t at_bytes_;
  uint64_t end_bytes_;
  uint64_t written_bytes_ = 0;
  bool copied_ = false;
  bool stopped_ = false;
  AlignedBuffer buffers_;
  AlignedBuffer zeroes_;
  Event piece_done_;
  int pieces_running_ = 0;
  Status failure_;
};

}  // namespace holdfast
