// Space goes back to the file system: what only a deleted copy could see, at home and in the area.
//
// The area keeps some free places that take up room, because writing into them is cheaper than into holes. Homes of
// an adopted image are never punched: the file is its owner's.
//
// Punching is as final as rewriting, so it waits for the same: a place is free, and a home may be taken, only when no
// crash can fall back to what lies there (array/family.h, array/places.h).

#include <algorithm>
#include <utility>

#include "array/family.h"
#include "array/step_timer.h"

namespace holdfast {
namespace {

constexpr uint64_t kKeptPlacesMax = (64 << 20) / kUnitBytes;
constexpr uint64_t kPunchPlacesMax = (4 << 20) / kUnitBytes;
constexpr size_t kHomesPerPunch = 128;
constexpr size_t kHomesPerPiece = 512;

}  // namespace

// In multiples of the least, so that the area is prepared in whole words of places.
uint64_t Family::kept_places() const {
  if (keeps_no_room_) return 0;
  const uint64_t wanted = std::clamp(places_.used_count() / 8, kept_units_min_, kKeptPlacesMax);
  return wanted / kept_units_min_ * kept_units_min_;
}

void Family::note_free_home(UnitIndex unit) {
  if (!adopted() && branches_.home_is_free(map_, unit)) homes_to_trim_.push_back(unit);
}

void Family::trim_if_worthwhile() {
  if (!may_trim_ || trimming_ || collecting_ || !failure_.ok()) return;
  // Only something that went leaves much room behind; what was prepared ahead is meant to be there.
  const bool area_wants_it = std::exchange(trim_wanted_, false) && places_.free_backed_count() > kept_places() * 2;
  if (homes_to_trim_.empty() && !area_wants_it) return;
  trimming_ = true;
  loop_.spawn(run_trim());
}

Task<void> Family::run_trim() {
  co_await trim_homes();
  co_await trim_area();
  trimming_ = false;
  changed_.notify_all();
}

Task<void> Family::trim_area() {
  if (places_.free_backed_count() <= kept_places() * 2) co_return;
  prepare_step_bytes_ = std::min(prepare_step_bytes_, unit_offset(std::max(kept_places(), kept_units_min_)));
  uint64_t below = UINT64_MAX;
  while (below > 0 && places_.free_backed_count() > kept_places()) {
    while (preparing_area_) co_await changed_.wait();
    StepTimer step(loop_, background_steps_);
    uint64_t from = 0;
    uint64_t to = 0;
    const bool found = places_.find_punchable(below, kPunchPlacesMax, &from, &to, &below);
    step.end();
    if (!found) {
      co_await Yield(loop_);
      continue;
    }
    preparing_area_ = true;
    places_.begin_punching(from, to);
    const int64_t result =
        co_await IoAwait(loop_, IoOp::punch, area_file_, unit_offset(from), nullptr, unit_offset(to - from));
    places_.end_punching(result >= 0);
    preparing_area_ = false;
    changed_.notify_all();
    if (result < 0) co_return;
  }
}

// In pieces of bounded length, so that neither a turn nor a hold on units grows with what is to be punched.
Task<void> Family::trim_homes() {
  std::vector<UnitIndex> later;
  while (!homes_to_trim_.empty()) {
    const size_t rest = homes_to_trim_.size() - std::min(homes_to_trim_.size(), kHomesPerPiece);
    StepTimer step(loop_, background_steps_);
    std::vector<UnitIndex> piece(homes_to_trim_.begin() + static_cast<ptrdiff_t>(rest), homes_to_trim_.end());
    homes_to_trim_.resize(rest);
    std::sort(piece.begin(), piece.end());
    piece.erase(std::unique(piece.begin(), piece.end()), piece.end());
    for (size_t at = 0; at < piece.size();) {
      size_t end = at + 1;
      while (end < piece.size() && end - at < kHomesPerPunch && piece[end] == piece[end - 1] + 1) ++end;
      HoldUnits hold(holds_, piece[at], static_cast<uint32_t>(end - at));
      step.end();
      co_await hold;
      step.begin();
      // Each has been written to again, or is still nobody's, or will be: a record of the unit may still be lost.
      while (at < end && !home_may_be_taken(piece[at])) {
        if (branches_.home_is_free(map_, piece[at])) later.push_back(piece[at]);
        ++at;
      }
      size_t to = at;
      while (to < end && home_may_be_taken(piece[to])) ++to;
      int64_t result = 0;
      if (to > at) {
        const uint64_t length = std::min(unit_offset(to - at), base_bytes() - unit_offset(piece[at]));
        step.end();
        result = co_await IoAwait(loop_, IoOp::punch, base_file_, unit_offset(piece[at]), nullptr, length);
        step.begin();
      }
      at = to;
      hold.release();
      if (result < 0) {
        // A file system that cannot punch keeps the room, which is used again.
        homes_to_trim_.clear();
        co_return;
      }
      if (!step.is_over()) continue;
      step.end();
      co_await Yield(loop_);
      step.begin();
    }
    step.end();
    co_await Yield(loop_);
  }
  homes_to_trim_.insert(homes_to_trim_.end(), later.begin(), later.end());
}

}  // namespace holdfast
