// native/array/places.h
//
// Which units of an area file are free, and which will be once a sync has completed.
//
// A place goes round: free → taken for a write → named by a version → let go by a change (pending) → free again when
// the change is durable. "Durable" is told by release_pending(): a sync of the family that was begun after the place
// was let go has completed, so neither the change nor the data it rests on can be lost.
//
// Places below prepared_end were allocated and written ahead; taking those first keeps a flush short (a flush over
// holes costs three times one over prepared space). Free places that take up room on disk are punched once there are
// more of them than the family wants to keep, in runs of whole words of 64.
//
// Thread: the loop's. Crash: rebuilt from the versions that name places; nothing pending survives.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/units.h"

namespace holdfast {

class Places {
 public:
  /// Recovery: the place is named by a version. False if another version names it already.
  bool claim(Place place);

  /// A free place, the lowest one outside a range being prepared; kHome if the area cannot grow any more (16 TiB).
  Place take();

  /// Places from .. to - 1 are being written with zeroes and are not given out meanwhile; both multiples of 64.
  void begin_preparing(uint64_t from, uint64_t to);
  /// `prepared`: all of it was written, so that it takes up room from now on.
  void end_preparing(bool prepared = true);
  /// Free places that may take up room in the file.
  uint64_t free_backed_count() const;
  /// The highest run below `below`, of at most `places_max` places, that is free and may take up room; false if a
  /// bounded search, which goes on at *searched_to, has found none.
  bool find_punchable(uint64_t below, uint64_t places_max, uint64_t* from, uint64_t* to, uint64_t* searched_to) const;
  /// Such a run is being punched and is not given out meanwhile.
  void begin_punching(uint64_t from, uint64_t to) { begin_preparing(from, to); }
  void end_punching(bool punched);
  /// Recovery: the file is so long, and anything in it may take up room.
  void assume_backed(uint64_t end);
  uint64_t prepared_end() const { return prepared_end_; }
  /// A place that no record has named and that could not be written to: not given out again until the array has been
  /// opened anew.
  void shun(Place place) { shunned_.push_back(place); }
  /// Gives back a place that no record has named.
  void give_back(Place place) { set_free(place); }

  /// Lets go of a place named by a record, at a moment when `syncs_begun` syncs of the family had begun.
  void let_go(Place place, uint64_t syncs_begun) { pending_.push_back({place, syncs_begun}); }
  /// Frees what was let go when at most `syncs_begun` syncs had begun, at most so many; true if there may be more.
  bool release_pending(uint64_t syncs_begun, size_t count = SIZE_MAX);

  /// One bit a place, 1 = named by a version: what is taken and neither pending nor shunned, so only while no write is
  /// under way.
  std::vector<uint64_t> in_use() const;
  /// What in_use() said, in an empty table.
  void restore(std::vector<uint64_t> in_use);

  /// Taken, named or pending.
  bool is_used(Place place) const { return place / 64 < used_.size() && (used_[place / 64] >> (place % 64) & 1) != 0; }
  uint64_t pending_count() const { return pending_.size(); }
  uint64_t used_count() const { return used_count_; }
  /// Behind the last place ever taken.
  uint64_t end() const { return end_; }

 private:
  struct Pending {
    Place place;
    uint64_t syncs_begun;
  };

  void set_free(Place place);
  uint64_t backed_end() const { return std::max(prepared_end_, end_); }
  bool is_hole(uint64_t word) const { return word < holes_.size() && holes_[word]; }

  // One bit a place, 1 = used (taken, named or pending).
  std::vector<uint64_t> used_;
  uint64_t used_count_ = 0;
  uint64_t end_ = 0;
  // No free place lies below this word.
  uint64_t search_from_ = 0;
  std::deque<Pending> pending_;
  std::vector<Place> shunned_;
  // Words of used_ whose 64 places are free and were punched.
  std::vector<bool> holes_;
  uint64_t hole_count_ = 0;
  uint64_t prepared_end_ = 0;
  uint64_t preparing_from_ = 0;
  uint64_t preparing_to_ = 0;
};

}  // namespace holdfast
