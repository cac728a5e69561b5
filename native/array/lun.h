// native/array/lun.h
//
// A LUN: the head of a branch, with a gate in front of its writes.
//
// A write's way: range and state are checked → gate (an open one admits it into the present epoch) → its units are
// held → each unit goes in place or to a fresh one → the I/O → the versions are recorded, the units let go, `done`.
//
// Guarantees
//   - A write belongs to the epoch in which it was admitted, whenever its I/O happens.
//   - A completed flush, or write with force_unit_access, survives power loss; other completed writes may be lost; a
//     unit that was not being written is never torn.
//   - cut() takes no longer with more data, more copies or more writes in flight.
//
// Thread: the loop's. Ownership: the array's; handles share it, so it outlives its removal, when every request is
// answered copy_gone, lun_not_found if it was detached, or lun_closed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "array/diff_area.h"
#include "array/dirty_log.h"
#include "array/family.h"
#include "array/lun_mappings.h"
#include "array/lun_request.h"
#include "hold/gate.h"
#include "hold/lease.h"

namespace holdfast {

inline constexpr uint32_t kRequestBytesMax = 32 << 20;

class Lun;

/// Who helps a write that finds no room: the array.
class RoomFinder {
 public:
  virtual ~RoomFinder() = default;
  /// Ends with Lun::try_again() or Lun::refuse(), in this turn or a later one.
  virtual void find_room(Lun& lun, LunRequest& request) = 0;
  /// The diff area of the LUN has passed a threshold, as far as its count can tell.
  virtual void look_at_area(Lun& lun) = 0;
};

class Lun final : public Holdable {
 public:
  enum class State : uint8_t { open, changing, closed, gone };

  Lun(Loop& loop, LeaseTable& leases, Family& family, const LunRecord& record);
  ~Lun() override;

  const Guid& guid() const { return record_.guid; }
  /// What requests may reach. While a growth is being recorded the record has more.
  uint64_t size_bytes() const { return size_bytes_; }
  bool is_copy() const { return !record_.snapshot.is_null(); }
  const LunRecord& record() const { return record_; }
  /// The record as it is now, for the journal or a checkpoint.
  LunRecord present_record() const;
  Family& family() { return *family_; }
  State state() const { return state_; }
  /// Why requests are refused; ok while they are not.
  Status why_unreadable() const;

  /// Recorded shadow copies that were taken of it; the array counts.
  uint32_t copy_count() const { return copy_count_; }
  void count_copies(int change) { copy_count_ += static_cast<uint32_t>(change); }

  /// The four VSS flags of the set in progress; the original's own bytes never change (see array/shadow_set.h).
  uint64_t pending_vss_flags() const { return pending_vss_flags_; }
  void set_pending_vss_flags(uint64_t flags) { pending_vss_flags_ = flags; }

  /// The hosts that it is mapped to.
  LunMappings& mappings() { return mappings_; }
  /// Also resync_in_progress, while what it holds is no instant of anything.
  Status map(const LunMapping& mapping);

  /// What its record says of its bytes. While that is `copied`, writes wait until it has been taken back: the first
  /// calls `take_back`, which ends in content_taken_back().
  void set_content(Content content, const Guid& content_of);
  void on_first_write(std::function<void()> take_back) { take_back_ = std::move(take_back); }
  /// The writes that wait go on, or fail.
  void content_taken_back(const Status& outcome);
  /// Room for its copies, or, if it is itself a copy, that of the LUN it descends from. Without, every lack of room
  /// fails the write.
  void own_diff_area(std::shared_ptr<DiffArea> area, RoomFinder* finder) {
    share_diff_area(std::move(area), finder);
    owns_diff_area_ = true;
  }
  void share_diff_area(std::shared_ptr<DiffArea> area, RoomFinder* finder) {
    diff_area_ = std::move(area);
    room_finder_ = finder;
    owns_diff_area_ = false;
  }
  const std::shared_ptr<DiffArea>& diff_area() const { return diff_area_; }
  bool owns_diff_area() const { return owns_diff_area_; }
  void set_diff_area_setting(const DiffAreaSetting& setting) {
    record_.diff_area = setting;
    diff_area_->set(setting);
  }

  void submit(LunRequest& request);
  /// A write that lacked room enters again, like a new one: it belongs to the epoch that it is admitted into now, and
  /// has nothing under way and no units meanwhile.
  void try_again(LunRequest& request);
  void refuse(LunRequest& request, Status status) { fail(request, std::move(status)); }

  /// Cuts the present epoch for a copy on `copy_branch`. `old_writes` gets what has to complete before the copy is
  /// whole.
  View cut(BranchId copy_branch, std::vector<std::shared_ptr<EpochWrites>>* old_writes);

  /// Every write that is admitted from now on is noted in this log too.
  void note_writes(DirtyLog* log) { dirty_logs_.push_back(log); }
  void stop_noting(DirtyLog* log) { std::erase(dirty_logs_, log); }

  /// Requests made from now on wait for resume(), but for those of the array itself.
  void pause() { paused_ = true; }
  void resume();
  /// It has another family's data from now on. Only while paused and no request is under way. The former view, of the
  /// former family, belongs to the caller then; that family has to outlive the LUN no longer.
  void move_to(Family& family, const View& view);
  /// Takes move_to() back: the former view is still a head of its family.
  void move_back(Family& family, const View& view);

  /// Refuses requests from now on; those made already go on.
  void retire(State state);
  /// Like retire(gone), for a copy that cannot be kept; `why` is what every request is answered with.
  void give_up(Status why);
  /// Recovery: the branch's epoch has been raised since the LUN was made.
  void present_epoch_restored();
  /// Takes requests again after retire(closed) or begin_change().
  void reinstate() { state_ = State::open; }
  /// Refuses requests until reinstate(); the gate stays as it is, so not while the LUN is held.
  void begin_change() { state_ = State::changing; }
  /// It sees something else from now on. Only while no request is under way. Both views belong to the caller, who has
  /// added the head of this one and removes that of the former.
  void see_through(const View& view);
  void set_recorded_size(uint64_t size_bytes) { record_.size_bytes = size_bytes; }
  void reach_recorded_size() { size_bytes_ = record_.size_bytes; }
  /// It is no shadow copy any more.
  void become_ordinary();
  /// Returns when no request is under way.
  Task<void> drained();
  /// Notified whenever the writes of an epoch have all completed, or the last request has.
  Event& changed() { return changed_; }
  uint32_t requests_in_flight() const { return requests_in_flight_; }

  // Holdable.
  Gate& gate() override { return gate_; }
  uint32_t writes_in_flight() const override;
  std::string describe() const override;
  void await_writes_in_flight() override { drain_wanted_ = true; }

 private:
  Status check(const LunRequest& request) const;
  void park(LunRequest& request);
  void enter_gate(LunRequest& request);
  bool fits_diff_area(LunRequest& request);
  void note_lack(LunRequest& request);
  void ask_for_room(LunRequest& request);
  void admit(LunRequest& request);
  void hold_units(LunRequest& request);
  void start(LunRequest& request);
  Task<void> load_and_start(LunRequest& request);
  void start_read(LunRequest& request);
  void start_write(LunRequest& request);
  bool plan_write(LunRequest& request, UnitIndex unit);
  void add_merge(LunRequest& request, UnitIndex unit, Place from, Place to, const uint8_t* data, uint32_t within_bytes,
                 uint32_t length_bytes);
  void write_merged(LunRequest& request);
  void add_transfer(LunRequest& request, IoOp op, UnitIndex unit, Place place, uint32_t within_bytes, uint8_t* data,
                    uint32_t length_bytes);
  void submit_segments(LunRequest& request);
  void segment_done(LunRequest& request, const IoRequest& io);
  void undo_plan(LunRequest& request);
  uint32_t unit_crc(const LunRequest::Change& change) const;
  void finish_write(LunRequest& request);
  void record_changes(LunRequest& request);
  void fail(LunRequest& request, Status status);
  void complete(LunRequest& request);
  void leave_epoch(LunRequest& request);
  void start_flush(LunRequest& request);

  Loop& loop_;
  LeaseTable& leases_;
  Family* family_;
  LunRecord record_;
  uint64_t size_bytes_;
  State state_ = State::open;
  Gate gate_;
  Event changed_;
  uint64_t pending_vss_flags_ = 0;
  LunMappings mappings_;
  // Somebody relies on the bytes being those of a copy until its record says that they are not.
  bool parks_writes_ = false;
  std::function<void()> take_back_;
  std::vector<LunRequest*> parked_;
  // Oldest first; the last is the present epoch, earlier ones stay while writes of theirs are in flight.
  std::list<std::shared_ptr<EpochWrites>> epochs_;
  uint32_t requests_in_flight_ = 0;
  uint32_t copy_count_ = 0;
  bool drain_wanted_ = false;
  bool paused_ = false;
  std::deque<LunRequest*> paused_requests_;
  std::vector<DirtyLog*> dirty_logs_;
  Status given_up_;
  std::shared_ptr<DiffArea> diff_area_;
  bool owns_diff_area_ = false;
  RoomFinder* room_finder_ = nullptr;
};

}  // namespace holdfast
