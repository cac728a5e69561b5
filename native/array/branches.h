// native/array/branches.h
//
// The history of a family: who sees which version of a unit.
//
// A version is (unit, branch, birth epoch, place). A LUN is the head of a branch and has a View: a list of
// (branch, highest epoch), its own branch first. A read takes the first branch of the view that has a version of the
// unit at or below its limit, and there the newest; if none has, the base, which counts as a version of the root branch
// born in epoch 0.
//
// A *limit* is one entry of some view behind its first: it says up to which epoch another LUN still reads a branch.
// A *stamp* is a short name for (branch, epoch), given out at the first write of the epoch; versions carry stamps.
//
// The rules, each a function below
//   - may_overwrite: a write of epoch e may overwrite a version of its own branch unless a limit lies in [birth, e).
//     (A limit at or above e was cut after the write was admitted, and wants to see it.)
//   - is_dead: nobody can see a version any more if no limit lies in [birth, next birth on its branch) and it is not
//     the newest of a branch with a head. Deadness is for ever: views are only ever cut from views.
//
// Thread: the loop's. Crash: rebuilt from checkpoint and journal; a stamp whose branch turns out not to exist marks
// versions of a set that was never recorded.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "array/unit_log.h"
#include "array/version_map.h"

namespace holdfast {

using BranchId = uint32_t;
using Epoch = uint64_t;

inline constexpr BranchId kNoBranch = 0;
inline constexpr Epoch kNoLimit = ~Epoch{0};

struct ViewEntry {
  BranchId branch = kNoBranch;
  Epoch limit = kNoLimit;
  friend bool operator==(const ViewEntry&, const ViewEntry&) = default;
};
using View = std::vector<ViewEntry>;
/// Copies of copies of copies: a view of this depth in each of 64 copies still fits into one record.
inline constexpr size_t kViewDepthMax = 512;

struct Stamp {
  BranchId branch = kNoBranch;
  Epoch epoch = 0;
  // Units that got a version under this stamp; some may have lost it again.
  UnitLog units;
  // Versions in the map that carry it now.
  uint64_t version_count = 0;
  // Of those, how many have an older version of their unit and branch in the map, and how many a newer one: what tells
  // who keeps how much from being freed (array/space_use.h).
  uint64_t following_count = 0;
  uint64_t followed_count = 0;
};

/// What a view sees of a unit.
struct Seen {
  StampId stamp = 0;  // 0: the base
  Place place = kHome;
  BranchId branch = kNoBranch;
  Epoch birth = 0;
};

class Branches {
 public:
  explicit Branches(BranchId root) : root_(root) {}

  BranchId root() const { return root_; }

  /// A branch with a head; its view is registered: every entry behind the first becomes a limit.
  void add_head(const View& view, Epoch epoch);
  /// The head goes; the limits of its view go with it. The branch stays while a limit names it.
  void remove_head(const View& view);

  bool has_head(BranchId branch) const;
  bool exists(BranchId branch) const { return branches_.count(branch) != 0; }
  Epoch epoch(BranchId branch) const { return branches_.at(branch).epoch; }
  /// Learns that an epoch of the branch was in use before a crash.
  void raise_epoch(BranchId branch, Epoch at_least);

  /// Cuts the view at its present epoch for a copy whose own branch is `copy_branch`, and begins the next epoch.
  /// The copy's head is added by add_head with the view returned.
  View cut(const View& view, BranchId copy_branch);

  /// The view without entries, behind its first, that have no version and will have none: those of epochs that are over
  /// and in which nothing was written. A view would grow with every revert otherwise.
  View without_empty(const View& view) const;

  /// The stamp of (branch, present epoch `epoch`), made if there is none; *created says so.
  StampId stamp_of(BranchId branch, Epoch epoch, bool* created);
  void restore_stamp(StampId id, BranchId branch, Epoch epoch);
  Stamp& stamp(StampId id) { return stamps_.at(id); }
  const Stamp& stamp(StampId id) const { return stamps_.at(id); }
  const std::map<StampId, Stamp>& stamps() const { return stamps_; }
  /// Forgets a stamp that no version carries, unless the next write would make it again.
  void forget_stamp_if_unused(StampId id);

  Seen see(const VersionMap& map, const View& view, UnitIndex unit) const;

  /// Only for a version of the writer's own branch.
  bool may_overwrite(BranchId own_branch, Epoch birth, Epoch write_epoch) const;
  bool is_dead(BranchId branch, Epoch birth, Epoch next_birth) const;
  /// Whether the unit's place in the base file is nobody's: the base version dead and no version living at home.
  bool home_is_free(const VersionMap& map, UnitIndex unit) const;

  /// Smallest limit on the branch at or above the epoch; kNoLimit if there is none.
  Epoch next_limit(BranchId branch, Epoch at_least) const;

 private:
  struct Branch {
    Epoch epoch = 0;
    bool has_head = false;
    // Sorted, with multiplicity.
    std::vector<Epoch> limits;
    StampId current_stamp = 0;
    Epoch current_stamp_epoch = 0;
  };

  void add_limit(const ViewEntry& entry);
  void remove_limit(const ViewEntry& entry);
  void drop_if_unnamed(BranchId id);

  BranchId root_;
  std::unordered_map<BranchId, Branch> branches_;
  std::map<StampId, Stamp> stamps_;
  StampId next_stamp_ = 1;
};

}  // namespace holdfast
