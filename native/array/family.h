// native/array/family.h
//
// An original LUN and everything descended from it: two files, one map, one history.
//
//   base   unit b of the original at unit b, until another LUN can see it. Created sparse, or an adopted raw image.
//   area   redirected units, at the places the map names.
//
// What makes a write durable. A redirecting record carries the CRC of the data it points at, so data and records are
// written together and area and journal synced in parallel: a sync of the family (sync()) covers the base, the area and
// every record of the family so far. Once it has completed, the batch it reached is the family's durable mark, and
// the next batch says so (a `durable` record); recovery checks CRCs only above the highest mark it finds.
//
// Rewriting a place that a record names (recent_):
//   - no sync covering the record has been issued: rewrite, and add a record with the new CRC;
//   - a mark at or above the record is on disk: rewrite, nothing to record;
//   - in between: the write takes a fresh place, or a crash could find neither the old data nor the new.
// A rewrite that fails leaves a record whose CRC is not that of its data. From a sync that covers it until the mark is
// on disk a crash would fall back behind it, so that sync goes on until the mark is there.
//
// While a sync gathers what it covers, rewrites in flight are awaited and no new one starts.
//
// Thread: the loop's. Ownership: the array owns families and awaits their tasks before it closes the files.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "array/branches.h"
#include "array/journal.h"
#include "array/leaf_store.h"
#include "array/places.h"
#include "array/records.h"
#include "array/unit_holds.h"
#include "array/version_map.h"
#include "base/guid.h"
#include "base/histogram.h"
#include "io/loop.h"

namespace holdfast {

/// How a write may treat the version it would replace.
enum class Rewrite : uint8_t { freely, with_record, not_at_all };

/// From when on things happen by themselves. Tests that want to see them in small arrays lower them.
struct Thresholds {
  /// A background checkpoint is written when the journal has grown to this size.
  uint64_t checkpoint_at_journal_bytes = 64 << 20;
  /// Of an area, at least so much that is free goes on taking up room; in units, a multiple of 64.
  uint64_t kept_units_min = (1 << 20) / kUnitBytes;
};

/// Someone who waits for a sync of the family. Linked, not owned.
struct SyncWaiter : ListNode {
  void (*done)(SyncWaiter* waiter, const Status& status) = nullptr;
};

class Family {
 public:
  Family(Loop& loop, Journal& journal, FamilyRecord record);
  ~Family();
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  uint32_t id() const { return record_.family; }
  const FamilyRecord& record() const { return record_; }
  bool adopted() const { return !record_.adopted_path.empty(); }
  uint64_t base_bytes() const { return record_.base_bytes; }

  void set_leaf_store(LeafStore* store) { leaf_store_ = store; }
  void set_files(int base_file, int area_file) {
    base_file_ = base_file;
    area_file_ = area_file;
  }
  int base_file() const { return base_file_; }
  int area_file() const { return area_file_; }

  Branches& branches() { return branches_; }
  VersionMap& map() { return map_; }
  UnitHolds& holds() { return holds_; }
  Places& places() { return places_; }
  Journal& journal() { return journal_; }

  /// Bytes of the unit that are stored at the place: 4096, or less at home for the last unit of an odd-sized image.
  uint32_t stored_bytes(UnitIndex unit, Place place) const;

  /// What follows, and whatever else looks into the map, may be asked about units that are resident only.
  bool is_resident(UnitIndex first, uint32_t count) const { return map_.is_resident(first, count); }
  Task<Status> load(UnitIndex first, uint32_t count);
  Task<Status> load_all();

  // What the data path asks and tells. -------------------------------------------------------------------------

  /// True while nothing was ever redirected and nobody but the original reads the base: every write goes home.
  bool is_plain() const { return map_.entry_count() == 0 && recent_.empty(); }

  Rewrite rewrite_rule(UnitIndex unit, Place place) const;
  /// A place for a fresh version of the unit: home if that is free, else a unit of the area. False: no space to name.
  bool take_place(UnitIndex unit, Place* place);
  void give_back(UnitIndex unit, Place place);
  void rewrite_started() { ++rewrites_in_flight_; }
  void rewrite_ended();
  /// It may have changed the data, and there is no record of it.
  void rewrite_failed(UnitIndex unit, Place place);
  /// Data reached the base (home) or the area.
  void data_written(bool home) { (home ? base_dirty_ : area_dirty_) = true; }
  /// The unit's newest version under the stamp of (branch, epoch) is now at `place`; records it. `before` is the stamp
  /// of the version that was the branch's newest, 0 if that was the base or there was none.
  void version_written(UnitIndex unit, BranchId branch, Epoch epoch, Place place, uint32_t data_crc, StampId before);
  /// The version's data were replaced in place under a record.
  void version_rewritten(UnitIndex unit, StampId stamp, Place place, uint32_t data_crc);

  // Durability. ------------------------------------------------------------------------------------------------

  /// Makes everything completed before now durable.
  void sync(SyncWaiter& waiter);
  Task<Status> sync();
  /// The reason why nothing is promised any more; the family's LUNs are read-only then.
  const Status& failure() const { return failure_; }
  /// A record about the family has been appended to this batch; the next sync reaches it.
  void touched_by_record(uint64_t batch) { last_record_batch_ = batch; }

  // Room. ------------------------------------------------------------------------------------------------------
  /// Recovery: the area file has this length.
  void area_was(uint64_t size_bytes) {
    places_.assume_backed(size_bytes / kUnitBytes);
    trim_wanted_ = true;
  }
  void keep_free_units(uint64_t units_min) { kept_units_min_ = units_min; }
  /// Gives free places and homes back to the file system, in the background, if there are enough of them.
  void trim_if_worthwhile();
  /// While somebody else writes to homes that are nobody's; not to be forbidden while a trim is under way.
  void allow_trimming(bool allowed) { may_trim_ = allowed; }

  /// For a file system that is full: keeps nothing ready and gives back all it can, until the next call, and
  /// prepares nothing ahead until the area has grown.
  void give_all_room_back(bool all);
  /// Something that went is not free yet.
  bool has_room_coming() const {
    return collecting_ || freeing_ || places_.pending_count() > 0 || !homes_to_trim_.empty();
  }
  /// Looks for room to give back with the next sync.
  void want_trim() { trim_wanted_ = true; }

  // Garbage. ---------------------------------------------------------------------------------------------------

  /// A view is gone: the limits it set are removed already; looks for what nobody sees any more, in the background.
  void collect_after(const View& gone);
  /// How many views have gone. A write that was planned before one went may complete a version's death, and has to look
  /// at its units itself: the collection may have passed them.
  uint64_t views_gone() const { return views_gone_; }
  /// Drops the versions of the unit that nobody sees; the caller has the unit alone.
  void collect_unit(UnitIndex unit);
  /// Recovery: drops every dead version at once. False if two living versions share a place.
  bool collect_all();
  bool collecting() const { return collecting_; }
  /// How long each step of collecting, trimming and freeing has had the loop's thread, in nanoseconds.
  Histogram& background_steps() { return background_steps_; }
  Task<void> quiesce();

  // Recovery and checkpoints. ----------------------------------------------------------------------------------

  /// A checkpoint that holds every record up to this batch is durable.
  void checkpointed(uint64_t batch);
  /// The base file has this size now.
  void set_base_bytes(uint64_t size_bytes) { record_.base_bytes = size_bytes; }
  void set_adopted_identity(const FileIdentity& identity) { record_.adopted_identity = identity; }
  /// The map and the stamps are as a checkpoint of the closed array says.
  void opened_from_summary();
  void restore_version(UnitIndex unit, StampId stamp, Place place);
  bool drop_version(UnitIndex unit, StampId stamp);

 private:
  static constexpr uint64_t kHomeKey = uint64_t{1} << 32;
  static uint64_t key_of(UnitIndex unit, Place place) { return place == kHome ? kHomeKey | unit : place; }

  MapLimits limits() const;
  bool home_may_be_taken(UnitIndex unit) const;
  void let_go(UnitIndex unit, Place place);
  void note_record(UnitIndex unit, Place place, uint64_t batch);
  void update_mark();
  void start_sync_if_wanted();
  Task<void> run_syncs();
  Task<Status> sync_round();
  Status records_not_safe(const Status& why);
  Task<void> sync_file(int file, int64_t* result, int* running);
  Task<void> commit_journal(uint64_t batch, Status* result, int* running);
  void let_home_go(UnitIndex unit);
  bool free_some_homes(size_t count);
  Task<void> run_freeing();
  Task<void> run_trim();
  Task<void> trim_area();
  Task<void> trim_homes();
  uint64_t kept_places() const;
  void note_free_home(UnitIndex unit);
  void prepare_area();
  Task<void> run_prepare_area();
  void put_off_preparing();
  Task<void> run_collection();
  Task<void> collect_block(std::vector<UnitIndex> units);
  void forget_unused_stamps();

  Loop& loop_;
  Journal& journal_;
  FamilyRecord record_;
  int base_file_ = -1;
  int area_file_ = -1;
  Branches branches_;
  VersionMap map_;
  UnitHolds holds_;
  Places places_;
  Event changed_;

  bool base_dirty_ = false;
  bool area_dirty_ = false;
  Status failure_;

  // Records whose mark is not on disk yet: place (or home of a unit) → newest batch that names it.
  std::unordered_map<uint64_t, uint64_t> recent_;
  std::deque<std::pair<uint64_t, uint64_t>> recent_order_;  // (batch, key), for forgetting in order
  uint64_t last_record_batch_ = 0;
  // Records up to this batch are covered by a sync that has been issued; everything while a sync gathers.
  uint64_t sync_issued_batch_ = 0;
  bool gathering_ = false;
  uint32_t rewrites_in_flight_ = 0;
  // Highest batch whose records of this family rest on durable data, as known in memory / as said on disk.
  uint64_t durable_mark_ = 0;
  uint64_t mark_on_disk_ = 0;
  // The last batch with a record that does not match its data.
  uint64_t unmatched_batch_ = 0;
  std::deque<std::pair<uint64_t, uint64_t>> marks_said_;  // (batch that says it, mark)

  uint64_t syncs_begun_ = 0;
  uint64_t syncs_completed_ = 0;
  bool syncing_ = false;
  bool sync_wanted_ = false;  // by the family itself
  List<SyncWaiter> sync_waiters_;

  // Homes let go and not free yet, and how many syncs had begun then.
  std::unordered_map<UnitIndex, uint64_t> homes_let_go_;
  std::deque<std::pair<uint64_t, UnitIndex>> homes_let_go_order_;
  // What a sync has made free is being freed.
  bool freeing_ = false;
  // A view has gone at some time, so a home can be free; it is once this many syncs have completed.
  bool homes_can_be_free_ = false;
  uint64_t homes_free_after_syncs_ = 0;

  // A range of the area is being prepared or punched: one at a time.
  bool preparing_area_ = false;
  bool trimming_ = false;
  bool may_trim_ = true;
  uint64_t kept_units_min_ = Thresholds().kept_units_min;
  bool keeps_no_room_ = false;
  // Nothing is prepared before the area ends here.
  uint64_t prepare_again_at_ = 0;
  // Something went since the area was last looked at.
  bool trim_wanted_ = false;
  // Homes that are nobody's any more, or will be once a sync has completed.
  std::vector<UnitIndex> homes_to_trim_;
  uint64_t prepare_step_bytes_;
  // Stamps whose units are to be looked at.
  std::deque<StampId> collect_stamps_;
  uint64_t views_gone_ = 0;
  bool collecting_ = false;
  LeafStore* leaf_store_ = nullptr;
  Histogram background_steps_;
};

}  // namespace holdfast
