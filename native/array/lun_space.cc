// A write that finds no room: what it lacks, and how it is tried again.

#include <algorithm>

#include "array/lun.h"

namespace holdfast {

bool Lun::fits_diff_area(LunRequest& request) {
  if (request.kept_units == 0 || request.is_uncounted || diff_area_ == nullptr) return true;
  if (diff_area_->plan(request.kept_units)) {
    request.counted_in = diff_area_;
    return true;
  }
  request.lack = Lack::of_area;
  request.status = Status(
      Code::no_space,
      "there is no room for a write to " + describe() + ": its shadow copies keep all that its diff area may hold, " +
          std::to_string(diff_area_->setting().maximum_bytes) + " bytes; delete some of them or raise the maximum",
      0, request.offset_bytes);
  return false;
}

// The write has failed and is about to be taken back.
void Lun::note_lack(LunRequest& request) {
  if (request.counted_in != nullptr) request.counted_in->dropped(request.kept_units);
  request.counted_in.reset();
  if (diff_area_ == nullptr || request.lack == Lack::of_area) return;
  const bool wrote_fresh = std::any_of(request.changes.begin(), request.changes.end(), [](const auto& change) {
    return change.rewritten == 0 && change.place != kHome;
  });
  if (request.status.code() == Code::no_space) {
    request.lack = Lack::of_disk;
  } else if (request.area_failed && wrote_fresh && diff_area_->setting().policy == SpacePolicy::drop_oldest) {
    request.lack = Lack::of_health;
  }
}

// Nothing of it is left in the map, and of what reached the files only what it may overwrite. It leaves its epoch
// without a failure: a set whose instant has come does not contain it, and need not, as nobody was told that it is
// done.
void Lun::ask_for_room(LunRequest& request) {
  Status lacking = std::move(request.status);
  request.status = Status();
  leave_epoch(request);
  request.status = std::move(lacking);
  request.inline_segment_count = 0;
  request.more_segments.clear();
  request.changes.clear();
  request.merge_count = 0;
  request.writes_home = request.writes_area = request.area_failed = false;
  ++request.tries;
  room_finder_->find_room(*this, request);
}

void Lun::try_again(LunRequest& request) {
  request.kept_units = 0;
  request.lack = Lack::none;
  request.status = Status();
  Status refused = check(request);
  if (!refused.ok()) return fail(request, std::move(refused));
  enter_gate(request);
}

}  // namespace holdfast
