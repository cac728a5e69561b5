// native/array/block_walk.h
//
// A walk over blocks in order: those in which two LUNs of a family differ, or those a LUN has anything in.
//
// Units in which two views can differ have a version under a stamp that one of them sees and the other does not, so the
// stamps' lists of units name all candidates, and the cost is in proportion to what was written between the two. The
// blocks of the lists are sorted runs: they are gathered in bounded steps and merged while walking, which costs 4 bytes
// a candidate. What is written after the gathering has begun is not looked for.
//
// Blocks that hold data are candidates of the LUN's own view, and what the base file holds (SEEK_DATA).
//
// Thread: the loop's. Ownership: the array's; it keeps its LUNs alive. Crash: nothing of it is on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "array/lun.h"
#include "io/loop.h"

namespace holdfast {

struct Extent {
  uint64_t offset_bytes = 0;
  uint64_t length_bytes = 0;
  friend bool operator==(const Extent&, const Extent&) = default;
};

class BlockWalk {
 public:
  /// Blocks that `newer` sees otherwise than `older`, up to the end of `newer`. Both are of one family.
  BlockWalk(Loop& loop, std::shared_ptr<Lun> older, std::shared_ptr<Lun> newer)
      : BlockWalk(loop, older, newer, Within::use) {}
  /// By whom a LUN is walked over: a change that refuses everybody else's requests goes on reading it.
  enum class Within : uint8_t { use, change };
  /// Blocks of the LUN that may be other than zero.
  BlockWalk(Loop& loop, std::shared_ptr<Lun> lun, Within within = Within::use);

  bool concerns(const Lun& lun) const { return newer_.get() == &lun || older_.get() == &lun; }

  /// The next extents, at most so many; none at the end. Not to be called again before it has returned.
  Task<Result<std::vector<Extent>>> next(size_t extents_max);

 private:
  BlockWalk(Loop& loop, std::shared_ptr<Lun> older, std::shared_ptr<Lun> newer, Within within);

  struct Run {
    size_t at;
    size_t end;
  };

  Status why_not() const;
  bool is_candidate(const Stamp& stamp) const;
  bool differs(UnitIndex unit) const;
  Task<Status> gather();
  void add_run(size_t from);
  bool before(const Run& one, const Run& other) const { return units_[one.at] > units_[other.at]; }
  /// The smallest candidate at or above `at`; false if there is none.
  bool next_candidate(uint64_t at, uint64_t* unit);
  Task<Status> find_data(uint64_t at);

  Loop& loop_;
  const std::shared_ptr<Lun> older_;  // null: blocks that hold data
  const std::shared_ptr<Lun> newer_;
  const Within within_;
  // As they were at the beginning; a LUN that is reverted on the way sees something else.
  const View older_view_;
  const View newer_view_;
  const uint64_t end_unit_;
  bool gathered_ = false;
  uint64_t at_unit_ = 0;
  std::vector<UnitIndex> units_;
  // A heap, the run with the smallest unit in front.
  std::vector<Run> runs_;
  // Units that the base file has data in: the next such range at or behind at_unit_; empty at the end.
  uint64_t data_from_ = 0;
  uint64_t data_to_ = 0;
  bool data_known_ = false;
};

}  // namespace holdfast
