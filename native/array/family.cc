#include "array/family.h"

#include <algorithm>

#include "base/checked.h"
#include "base/planted.h"

namespace holdfast {
namespace {

constexpr uint64_t kPrepareStepBytesMin = 1 << 20;
constexpr uint64_t kPrepareStepBytesMax = 64 << 20;
constexpr uint64_t kPreparePieceBytes = 1 << 20;
// After a failure.
constexpr uint64_t kPrepareAgainAfterPlaces = (16 << 20) / kUnitBytes;
// Beyond these the family syncs by itself, so that memory and places come back in workloads that never flush.
constexpr size_t kRecentMax = 64 << 10;
constexpr uint64_t kPendingPlacesMax = 16 << 10;

}  // namespace

Family::Family(Loop& loop, Journal& journal, FamilyRecord record)
    : loop_(loop),
      journal_(journal),
      record_(std::move(record)),
      branches_(record_.root_branch),
      holds_(loop),
      changed_(loop),
      prepare_step_bytes_(kPrepareStepBytesMin) {}

Family::~Family() = default;

uint32_t Family::stored_bytes(UnitIndex unit, Place place) const {
  if (place != kHome) return kUnitBytes;
  return static_cast<uint32_t>(std::min<uint64_t>(kUnitBytes, record_.base_bytes - unit_offset(unit)));
}

Rewrite Family::rewrite_rule(UnitIndex unit, Place place) const {
  auto found = recent_.find(key_of(unit, place));
  if (found == recent_.end() || found->second <= mark_on_disk_) return Rewrite::freely;
  if (planted(PlantedBug::rewrite_under_record)) return Rewrite::freely;
  if (gathering_ || found->second <= sync_issued_batch_) return Rewrite::not_at_all;
  return Rewrite::with_record;
}

// A home is given out again only when nothing a crash could fall back to needs it: every version of the unit is marked
// durable on disk, and a sync begun after the last view went has completed.
bool Family::home_may_be_taken(UnitIndex unit) const {
  if (planted(PlantedBug::early_home)) return homes_can_be_free_ && branches_.home_is_free(map_, unit);
  if (!homes_can_be_free_ || syncs_completed_ < homes_free_after_syncs_) return false;
  if (homes_let_go_.count(unit) != 0) return false;
  bool settled = true;
  map_.for_unit(unit, [&](const VersionMap::Entry& entry) {
    auto found = recent_.find(key_of(unit, entry.place));
    if (found != recent_.end() && found->second > mark_on_disk_) settled = false;
  });
  return settled && branches_.home_is_free(map_, unit);
}

bool Family::take_place(UnitIndex unit, Place* place) {
  if (home_may_be_taken(unit)) {
    *place = kHome;
    return true;
  }
  *place = places_.take();
  prepare_area();
  return *place != kHome;
}

void Family::give_back(UnitIndex unit, Place place) {
  if (place != kHome) {
    places_.give_back(place);
  } else {
    let_home_go(unit);
  }
}

void Family::let_home_go(UnitIndex unit) {
  homes_let_go_[unit] = syncs_begun_;
  homes_let_go_order_.emplace_back(syncs_begun_, unit);
}

void Family::rewrite_ended() {
  if (--rewrites_in_flight_ == 0 && gathering_) changed_.notify_all();
}

void Family::rewrite_failed(UnitIndex unit, Place place) {
  const auto found = recent_.find(key_of(unit, place));
  if (found != recent_.end()) unmatched_batch_ = std::max(unmatched_batch_, found->second);
  rewrite_ended();
}

void Family::let_go(UnitIndex unit, Place place) {
  if (place == kHome) {
    let_home_go(unit);
  } else {
    places_.let_go(place, syncs_begun_);
    if (planted(PlantedBug::early_reuse)) places_.release_pending(syncs_begun_);
  }
  const bool many = places_.pending_count() > kPendingPlacesMax || homes_let_go_.size() > kPendingPlacesMax;
  if (many && !freeing_) sync_wanted_ = true;
  start_sync_if_wanted();
}

void Family::note_record(UnitIndex unit, Place place, uint64_t batch) {
  const uint64_t key = key_of(unit, place);
  recent_[key] = batch;
  recent_order_.emplace_back(batch, key);
  last_record_batch_ = batch;
  if (recent_order_.size() > kRecentMax) sync_wanted_ = true;
  start_sync_if_wanted();
}

void Family::version_written(UnitIndex unit, BranchId branch, Epoch epoch, Place place, uint32_t data_crc,
                             StampId before) {
  bool created = false;
  const StampId stamp = branches_.stamp_of(branch, epoch, &created);
  std::vector<uint8_t> record;
  if (created) encode(record, StampRecord{id(), stamp, branch, epoch});
  encode(record, RedirectRecord{id(), unit, stamp, place, data_crc});
  const uint64_t batch = journal_.append(record);
  Place former = kHome;
  if (map_.put(unit, stamp, place, &former)) {
    let_go(unit, former);
  } else {
    Stamp& carried = branches_.stamp(stamp);
    carried.units.add(unit);
    ++carried.version_count;
    if (before != 0) {
      ++carried.following_count;
      ++branches_.stamp(before).followed_count;
    }
  }
  note_record(unit, place, batch);
}

void Family::version_rewritten(UnitIndex unit, StampId stamp, Place place, uint32_t data_crc) {
  std::vector<uint8_t> record;
  encode(record, RedirectRecord{id(), unit, stamp, place, data_crc});
  note_record(unit, place, journal_.append(record));
}

// The area is allocated and written ahead in growing steps, so that a flush does not wait for the file system to find
// room; a failure only means that writes find their room themselves.
void Family::prepare_area() {
  if (preparing_area_ || places_.end() < prepare_again_at_) return;
  const uint64_t step_places = prepare_step_bytes_ / kUnitBytes;
  if (places_.end() + step_places / 2 < places_.prepared_end()) return;
  preparing_area_ = true;
  loop_.spawn(run_prepare_area());
}

Task<void> Family::run_prepare_area() {
  const uint64_t step_places = prepare_step_bytes_ / kUnitBytes;
  const uint64_t from = align_up(std::max(places_.prepared_end(), places_.end()), 64);
  const uint64_t to = from + step_places;
  if (to >= kHome) {  // the area is as large as it gets
    preparing_area_ = false;
    changed_.notify_all();
    co_return;
  }
  places_.begin_preparing(from, to);
  int64_t result =
      co_await IoAwait(loop_, IoOp::allocate, area_file_, unit_offset(from), nullptr, unit_offset(step_places));
  AlignedBuffer zeroes = make_aligned(kPreparePieceBytes);
  for (uint64_t at = unit_offset(from); result >= 0 && at < unit_offset(to); at += kPreparePieceBytes) {
    const uint64_t length = std::min(kPreparePieceBytes, unit_offset(to) - at);
    result = co_await IoAwait(loop_, IoOp::write, area_file_, at, zeroes.get(), length);
  }
  places_.end_preparing(result >= 0);
  area_dirty_ = true;
  prepare_step_bytes_ = std::min(prepare_step_bytes_ * 2, kPrepareStepBytesMax);
  if (result < 0) put_off_preparing();
  preparing_area_ = false;
  changed_.notify_all();
}

MapLimits Family::limits() const { return MapLimits{units_of(record_.base_bytes), kHome, branches_, &places_}; }

Task<Status> Family::load(UnitIndex first, uint32_t count) {
  if (is_resident(first, count)) co_return Status();
  co_return co_await leaf_store_->load(map_, id(), limits(), first, count);
}

Task<Status> Family::load_all() {
  if (map_.stored_count() == 0) co_return Status();
  co_return co_await leaf_store_->load_all(map_, id(), limits());
}

void Family::put_off_preparing() {
  prepare_step_bytes_ = kPrepareStepBytesMin;
  prepare_again_at_ = places_.end() + kPrepareAgainAfterPlaces;
}

void Family::give_all_room_back(bool all) {
  keeps_no_room_ = all;
  put_off_preparing();
}

Task<void> Family::quiesce() {
  while (preparing_area_ || trimming_ || collecting_ || syncing_ || freeing_) co_await changed_.wait();
}

}  // namespace holdfast
