// The I/O of a request once it has its units: where each unit is read from, and where it is written to.

#include <algorithm>

#include "array/lun.h"
#include "base/crc.h"

namespace holdfast {

void Lun::add_transfer(LunRequest& request, IoOp op, UnitIndex unit, Place place, uint32_t within_bytes, uint8_t* data,
                       uint32_t length_bytes) {
  const bool home = place == kHome;
  const int file = home ? family_->base_file() : family_->area_file();
  const uint64_t offset = unit_offset(home ? unit : place) + within_bytes;
  if (op == IoOp::write) (home ? request.writes_home : request.writes_area) = true;
  LunRequest::Segment* last = nullptr;
  if (!request.more_segments.empty()) {
    last = request.more_segments.back().get();
  } else if (request.inline_segment_count > 0) {
    last = &request.inline_segments[request.inline_segment_count - 1];
  }
  if (last != nullptr && last->file == file && last->offset_bytes + last->length_bytes == offset &&
      static_cast<uint8_t*>(last->data) + last->length_bytes == data) {
    last->length_bytes += length_bytes;
    return;
  }
  LunRequest::Segment& segment = request.add_segment();
  segment.op = op;
  segment.file = file;
  segment.offset_bytes = offset;
  segment.data = data;
  segment.length_bytes = length_bytes;
}

void Lun::submit_segments(LunRequest& request) {
  auto submit_one = [&](LunRequest::Segment& segment) {
    segment.done = [](IoRequest* io) {
      LunRequest* owner = static_cast<LunRequest::Segment*>(io)->request;
      owner->lun->segment_done(*owner, *io);
    };
    loop_.io().submit(segment);
  };
  // Counted before the first is submitted; the request may be gone after the last one has completed.
  request.segments_running = request.inline_segment_count + static_cast<uint32_t>(request.more_segments.size());
  const uint32_t inline_count = request.inline_segment_count;
  for (uint32_t i = 0; i < inline_count; ++i) submit_one(request.inline_segments[i]);
  for (auto& segment : request.more_segments) submit_one(*segment);
}

void Lun::segment_done(LunRequest& request, const IoRequest& io) {
  if (io.result < 0) {
    if (io.op == IoOp::write && io.file == family_->area_file()) request.area_failed = true;
    if (request.status.ok()) {
      request.status = Status::from_errno(static_cast<int>(-io.result),
                                          std::string(request.op == LunOp::read ? "reading " : "writing ") + describe(),
                                          request.offset_bytes);
    }
  } else if (io.op == IoOp::read && static_cast<uint64_t>(io.result) < io.length_bytes) {
    // Behind the end of the file there is nothing but zeroes.
    std::memset(static_cast<uint8_t*>(io.data) + io.result, 0, io.length_bytes - static_cast<uint64_t>(io.result));
  }
  if (--request.segments_running > 0) return;
  if (request.op == LunOp::read) {
    family_->holds().release(request.holder);
    complete(request);
  } else if (request.merge_count > 0) {
    write_merged(request);
  } else {
    finish_write(request);
  }
}

void Lun::start_read(LunRequest& request) {
  const uint64_t end = request.offset_bytes + request.length_bytes;
  if (family_->is_plain()) {
    const auto unit = static_cast<UnitIndex>(request.offset_bytes / kUnitBytes);
    add_transfer(request, IoOp::read, unit, kHome, static_cast<uint32_t>(request.offset_bytes % kUnitBytes),
                 request.data, request.length_bytes);
    return submit_segments(request);
  }
  for (uint64_t at = request.offset_bytes; at < end;) {
    const auto unit = static_cast<UnitIndex>(at / kUnitBytes);
    const auto within = static_cast<uint32_t>(at % kUnitBytes);
    const auto length = static_cast<uint32_t>(std::min<uint64_t>(kUnitBytes - within, end - at));
    const Seen seen = family_->branches().see(family_->map(), record_.view, unit);
    add_transfer(request, IoOp::read, unit, seen.place, within, request.data + (at - request.offset_bytes), length);
    at += length;
  }
  submit_segments(request);
}

void Lun::start_write(LunRequest& request) {
  request.views_gone = family_->views_gone();
  const BranchId own = record_.view.front().branch;
  if (family_->is_plain() && own == family_->branches().root() &&
      family_->branches().may_overwrite(own, 0, request.epoch->epoch)) {
    const auto unit = static_cast<UnitIndex>(request.offset_bytes / kUnitBytes);
    add_transfer(request, IoOp::write, unit, kHome, static_cast<uint32_t>(request.offset_bytes % kUnitBytes),
                 request.data, request.length_bytes);
    return submit_segments(request);
  }
  for (uint32_t i = 0; i < request.holder.unit_count; ++i) {
    if (plan_write(request, request.holder.first_unit + i)) continue;
    request.status =
        Status(Code::no_space, "the area of " + describe() + " cannot grow any more", 0, request.offset_bytes);
    return finish_write(request);
  }
  if (!fits_diff_area(request)) return finish_write(request);
  if (request.merge_count == 0) return submit_segments(request);
  request.segments_running = request.merge_count;
  const uint32_t count = request.merge_count;
  for (uint32_t i = 0; i < count; ++i) loop_.io().submit(request.merges[i].read);
}

// Decides where one unit of a write goes. False: there is no place left to name.
bool Lun::plan_write(LunRequest& request, UnitIndex unit) {
  const uint64_t unit_start = unit_offset(unit);
  const uint64_t start = std::max(request.offset_bytes, unit_start);
  const uint64_t end = std::min(request.offset_bytes + request.length_bytes, unit_start + kUnitBytes);
  const auto within = static_cast<uint32_t>(start - unit_start);
  const auto length = static_cast<uint32_t>(end - start);
  uint8_t* data = request.data + (start - request.offset_bytes);

  const BranchId own = record_.view.front().branch;
  const Seen seen = family_->branches().see(family_->map(), record_.view, unit);
  Rewrite rewrite = Rewrite::not_at_all;
  const bool is_own = seen.branch == own;
  const bool is_nobody_elses = is_own && family_->branches().may_overwrite(own, seen.birth, request.epoch->epoch);
  if (is_nobody_elses) {
    rewrite = seen.stamp == 0 ? Rewrite::freely : family_->rewrite_rule(unit, seen.place);
  }
  if (rewrite == Rewrite::freely) {
    add_transfer(request, IoOp::write, unit, seen.place, within, data, length);
    return true;
  }
  LunRequest::Change change;
  change.unit = unit;
  change.place = seen.place;
  change.rewritten = seen.stamp;
  change.data = data;
  if (rewrite == Rewrite::with_record) {
    family_->rewrite_started();
  } else {
    change.rewritten = 0;
    if (is_own) change.before = seen.stamp;
    change.follows_garbage = is_nobody_elses;
    if (!family_->take_place(unit, &change.place)) return false;
    // A LUN that was reverted needs what it writes for itself, whoever keeps what it was reverted to.
    if (is_own ? !is_nobody_elses : !owns_diff_area_) ++request.kept_units;
  }
  const bool whole = within == 0 && length == family_->stored_bytes(unit, change.place);
  if (whole) {
    add_transfer(request, IoOp::write, unit, change.place, 0, data, length);
  } else {
    add_merge(request, unit, seen.place, change.place, data, within, length);
    change.data = request.merges[request.merge_count - 1].unit_bytes.get();
  }
  request.changes.push_back(change);
  return true;
}

void Lun::add_merge(LunRequest& request, UnitIndex unit, Place from, Place to, const uint8_t* data,
                    uint32_t within_bytes, uint32_t length_bytes) {
  LunRequest::Merge& merge = request.merges[request.merge_count++];
  merge.unit_bytes = make_aligned(kUnitBytes);
  merge.unit = unit;
  merge.to = to;
  merge.within_bytes = within_bytes;
  merge.length_bytes = length_bytes;
  merge.data = data;
  const bool home = from == kHome;
  merge.read.request = &request;
  merge.read.op = IoOp::read;
  merge.read.file = home ? family_->base_file() : family_->area_file();
  merge.read.offset_bytes = unit_offset(home ? unit : from);
  merge.read.data = merge.unit_bytes.get();
  merge.read.length_bytes = family_->stored_bytes(unit, from);
  merge.read.done = [](IoRequest* io) {
    LunRequest* owner = static_cast<LunRequest::Segment*>(io)->request;
    owner->lun->segment_done(*owner, *io);
  };
}

void Lun::write_merged(LunRequest& request) {
  const uint32_t count = std::exchange(request.merge_count, 0);
  if (!request.status.ok()) return finish_write(request);
  for (uint32_t i = 0; i < count; ++i) {
    LunRequest::Merge& merge = request.merges[i];
    std::memcpy(merge.unit_bytes.get() + merge.within_bytes, merge.data, merge.length_bytes);
    add_transfer(request, IoOp::write, merge.unit, merge.to, 0, merge.unit_bytes.get(),
                 family_->stored_bytes(merge.unit, merge.to));
  }
  submit_segments(request);
}

void Lun::undo_plan(LunRequest& request) {
  for (const LunRequest::Change& change : request.changes) {
    if (change.rewritten != 0) {
      family_->rewrite_failed(change.unit, change.place);
    } else if (request.lack == Lack::of_health && change.place != kHome) {
      family_->places().shun(change.place);
    } else {
      family_->give_back(change.unit, change.place);
    }
  }
}

// A unit that the end of the base file cuts short counts as if zeroes followed.
uint32_t Lun::unit_crc(const LunRequest::Change& change) const {
  const uint32_t stored = family_->stored_bytes(change.unit, change.place);
  if (stored == kUnitBytes) return crc32c(change.data, kUnitBytes);
  uint8_t whole[kUnitBytes] = {};
  std::memcpy(whole, change.data, stored);
  return crc32c(whole, kUnitBytes);
}

void Lun::finish_write(LunRequest& request) {
  if (request.writes_home) family_->data_written(true);
  if (request.writes_area) family_->data_written(false);
  if (!request.status.ok()) {
    note_lack(request);
    undo_plan(request);
  } else {
    record_changes(request);
  }
  family_->holds().release(request.holder);
  if (request.lack != Lack::none && !request.status.ok()) return ask_for_room(request);
  leave_epoch(request);
  if (request.status.ok() && request.force_unit_access) return start_flush(request);
  complete(request);
}

void Lun::record_changes(LunRequest& request) {
  const BranchId own = record_.view.front().branch;
  for (const LunRequest::Change& change : request.changes) {
    const uint32_t data_crc = unit_crc(change);
    if (change.rewritten != 0) {
      family_->version_rewritten(change.unit, change.rewritten, change.place, data_crc);
      family_->rewrite_ended();
    } else {
      family_->version_written(change.unit, own, request.epoch->epoch, change.place, data_crc, change.before);
      if (change.follows_garbage || request.views_gone != family_->views_gone()) family_->collect_unit(change.unit);
    }
  }
  if (request.counted_in == nullptr) return;
  if (request.counted_in->written(request.kept_units, loop_.now())) room_finder_->look_at_area(*this);
  request.counted_in.reset();
}

}  // namespace holdfast
