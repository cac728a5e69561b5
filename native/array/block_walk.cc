#include "array/block_walk.h"

#include <algorithm>

#include "base/checked.h"

namespace holdfast {
namespace {

// What a turn can take in a fraction of a millisecond: units to look up in two views.
constexpr size_t kUnitsPerStep = 128;

bool sees(const View& view, const Stamp& stamp) {
  return std::any_of(view.begin(), view.end(), [&](const ViewEntry& entry) {
    return entry.branch == stamp.branch && stamp.epoch <= entry.limit;
  });
}

}  // namespace

BlockWalk::BlockWalk(Loop& loop, std::shared_ptr<Lun> older, std::shared_ptr<Lun> newer, Within within)
    : loop_(loop),
      older_(std::move(older)),
      newer_(std::move(newer)),
      within_(within),
      older_view_(older_ == nullptr ? View() : older_->record().view),
      newer_view_(newer_->record().view),
      end_unit_(units_of(newer_->size_bytes())) {}

BlockWalk::BlockWalk(Loop& loop, std::shared_ptr<Lun> lun, Within within)
    : BlockWalk(loop, nullptr, std::move(lun), within) {}

Status BlockWalk::why_not() const {
  const bool is_own_change = within_ == Within::change && newer_->state() == Lun::State::changing;
  Status readable = is_own_change ? Status() : newer_->why_unreadable();
  if (readable.ok() && older_ != nullptr) readable = older_->why_unreadable();
  if (!readable.ok()) return readable;
  if (newer_->record().view != newer_view_ || (older_ != nullptr && older_->record().view != older_view_)) {
    return Status(Code::bad_state, newer_->describe() + " or the LUN it is compared with was reverted meanwhile");
  }
  return Status();
}

bool BlockWalk::is_candidate(const Stamp& stamp) const {
  const bool seen = sees(newer_view_, stamp);
  return older_ == nullptr ? seen : seen != sees(older_view_, stamp);
}

bool BlockWalk::differs(UnitIndex unit) const {
  if (older_ == nullptr) return true;
  Family& family = newer_->family();
  const Seen then = family.branches().see(family.map(), older_view_, unit);
  const Seen now = family.branches().see(family.map(), newer_view_, unit);
  return then.stamp != now.stamp || then.place != now.place;
}

Task<Status> BlockWalk::gather() {
  Family& family = newer_->family();
  std::vector<StampId> wanted;
  for (const auto& [id, stamp] : family.branches().stamps()) {
    if (is_candidate(stamp)) wanted.push_back(id);
  }
  for (const StampId id : wanted) {
    // A stamp may go meanwhile, with every version that carried it, and others may be added to it.
    for (size_t at = 0;; ++at) {
      const auto found = family.branches().stamps().find(id);
      if (found == family.branches().stamps().end()) break;
      if (at == found->second.units.block_count()) family.branches().stamp(id).units.seal();
      if (at == found->second.units.block_count()) break;
      const std::vector<UnitIndex> units = found->second.units.block(at);
      const size_t from = units_.size();
      units_.insert(units_.end(), units.begin(), units.end());
      add_run(from);
      co_await Yield(loop_);
      Status readable = why_not();
      if (!readable.ok()) co_return readable;
    }
  }
  gathered_ = true;
  co_return Status();
}

void BlockWalk::add_run(size_t from) {
  runs_.push_back(Run{from, units_.size()});
  std::push_heap(runs_.begin(), runs_.end(), [this](const Run& a, const Run& b) { return before(a, b); });
}

bool BlockWalk::next_candidate(uint64_t at, uint64_t* unit) {
  const auto order = [this](const Run& a, const Run& b) { return before(a, b); };
  while (!runs_.empty() && units_[runs_.front().at] < at) {
    std::pop_heap(runs_.begin(), runs_.end(), order);
    Run& run = runs_.back();
    const auto first = units_.begin() + static_cast<ptrdiff_t>(run.at);
    const auto end = units_.begin() + static_cast<ptrdiff_t>(run.end);
    run.at = static_cast<size_t>(std::lower_bound(first, end, at) - units_.begin());
    if (run.at == run.end) {
      runs_.pop_back();
    } else {
      std::push_heap(runs_.begin(), runs_.end(), order);
    }
  }
  if (runs_.empty()) return false;
  *unit = units_[runs_.front().at];
  return true;
}

Task<Status> BlockWalk::find_data(uint64_t at) {
  uint64_t begin_bytes = 0;
  uint64_t end_bytes = 0;
  const int file = newer_->family().base_file();
  const int64_t found = co_await file_call(
      loop_, [&](FileSystem& fs) { return fs.find_data(file, unit_offset(at), &begin_bytes, &end_bytes); });
  if (found < 0) {
    co_return Status::from_errno(static_cast<int>(-found), "looking for data of " + newer_->describe(),
                                 unit_offset(at));
  }
  Status readable = why_not();
  if (!readable.ok()) co_return readable;
  data_known_ = true;
  data_from_ = begin_bytes / kUnitBytes;
  data_to_ = units_of(end_bytes);
  co_return Status();
}

Task<Result<std::vector<Extent>>> BlockWalk::next(size_t extents_max) {
  Status readable = why_not();
  if (readable.ok() && !gathered_) readable = co_await gather();
  if (!readable.ok()) co_return readable;
  std::vector<Extent> extents;
  const auto add = [&](uint64_t from, uint64_t to) {
    const uint64_t end = std::min(unit_offset(to), newer_->size_bytes());
    if (!extents.empty() && extents.back().offset_bytes + extents.back().length_bytes == unit_offset(from)) {
      extents.back().length_bytes = end - extents.back().offset_bytes;
    } else {
      extents.push_back(Extent{unit_offset(from), end - unit_offset(from)});
    }
  };
  for (size_t step = 1; at_unit_ < end_unit_; ++step) {
    if (step % kUnitsPerStep == 0) {
      co_await Yield(loop_);
      readable = why_not();
      if (!readable.ok()) co_return readable;
    }
    if (older_ == nullptr && (!data_known_ || (data_to_ > 0 && data_to_ <= at_unit_))) {
      Status known = co_await find_data(at_unit_);
      if (!known.ok()) co_return known;
    }
    uint64_t candidate = end_unit_;
    const bool is_unit = next_candidate(at_unit_, &candidate) && candidate < end_unit_;
    const bool is_data = data_to_ > at_unit_ && std::max(data_from_, at_unit_) <= candidate;
    if (!is_unit && !is_data) {
      at_unit_ = end_unit_;
      break;
    }
    uint64_t from = is_data ? std::max(data_from_, at_unit_) : candidate;
    const uint64_t to = is_data ? std::min(data_to_, end_unit_) : candidate + 1;
    if (from >= end_unit_) {
      at_unit_ = end_unit_;
      break;
    }
    if (!is_data && older_ != nullptr && !newer_->family().is_resident(static_cast<UnitIndex>(from), 1)) {
      Status loaded = co_await newer_->family().load(static_cast<UnitIndex>(from), 1);
      if (loaded.ok()) loaded = why_not();
      if (!loaded.ok()) co_return loaded;
    }
    if (is_data || differs(static_cast<UnitIndex>(from))) {
      const bool joins =
          !extents.empty() && extents.back().offset_bytes + extents.back().length_bytes == unit_offset(from);
      if (!joins && extents.size() == extents_max) co_return extents;
      add(from, to);
    }
    at_unit_ = to;
  }
  co_return extents;
}

}  // namespace holdfast
