// native/array/storage_array.h
//
// A file-backed storage array: LUNs, their shadow copies, and one durable history of both.
//
//   holdfast.json   identity, format and I/O mode          lock          held by one process, names its pid
//   journal.N       changes since checkpoint.N             checkpoint.N  the state when journal.N began
//   base/<guid>     an original LUN's own units            area/<guid>   redirected units of its family
//
// The life of a set: arm (nothing on disk, what takes long is done) → the hold captures it, in memory, in one turn →
// record (one durable record for the whole set, after a sync of everything it rests on) → created. A set that was
// not recorded leaves no trace; one that was recorded and not created, or that is auto-release, is deleted when
// the array is opened. After a crash a set is whole or absent.
//
// A deleted copy answers nobody from that moment, but protects its versions until the record of its removal is durable:
// a crash before that brings it back, whole. A record that found no space stays in its place in the journal and may
// reach the disk with any later one; whatever takes it back is therefore a record behind it, never a forgetting.
//
// A checkpoint is written at opening and closing, when asked for, and in the background once the journal has grown to
// 64 MiB, whatever made it grow. If it fails, the checkpoint before it and the journals since are all that is needed.
//
// Thread: the loop's. Ownership: whoever opened the array keeps it until close() has returned.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "array/array_files.h"
#include "array/block_walk.h"
#include "array/checkpoint.h"
#include "array/family.h"
#include "array/journal.h"
#include "array/leaf_store.h"
#include "array/lun.h"
#include "array/plex.h"
#include "array/records.h"
#include "array/reserve.h"
#include "array/resync.h"
#include "array/shadow_set.h"
#include "array/space_events.h"
#include "hold/lease.h"
#include "io/loop.h"

namespace holdfast {

struct OpenOptions {
  /// Adopted images that were changed by somebody else are accepted as they are.
  bool accept_changed = false;
  Thresholds thresholds = {};
};

struct LunInfo {
  LunRecord record;
  std::string adopted_path;  // of the family's original
  std::string base_path;
  uint64_t area_bytes = 0;    // bytes of redirected units of the family, those of other members included
  uint64_t memory_bytes = 0;  // of the family's map
  uint64_t pending_vss_flags = 0;
  bool held = false;
  uint32_t copy_count = 0;           // recorded shadow copies that were taken of it
  bool is_plex = false;              // a shadow copy that was filled in full and shares nothing with its source
  std::optional<PlexProgress> plex;  // while it is filled, or after that has failed
  std::vector<LunMapping> mappings;
};

struct CheckReport {
  uint64_t luns = 0;
  uint64_t copies = 0;
  uint64_t versions = 0;
  std::vector<std::string> faults;
};

/// A family that is no more and whose files may still be there.
struct DoomedFamily {
  uint32_t family = 0;
  Guid original;
  uint64_t batch = 0;  // says so; the files go when that cannot be lost
};

using WalkId = uint64_t;

/// A copy that the array gave up since it was opened.
struct LostCopy {
  GivenUpCopy ids;
  Guid set;
  Status failure;  // copy_gone, with the first error in its message and its errno
};

/// The numbers of a LUN's diff area.
struct DiffAreaInfo {
  Guid lun;
  DiffAreaSetting setting;
  uint64_t used_bytes = 0;
  /// Used, and what the family's area holds ready for anybody.
  uint64_t allocated_bytes = 0;
  uint64_t bytes_per_second = 0;
  struct Copy {
    Guid snapshot;
    /// What its deletion, and that of all older ones, would free beyond what that of the older ones would.
    uint64_t own_bytes = 0;
  };
  std::vector<Copy> copies;  // in the order of their capture
};

class StorageArray final : private RoomFinder {
 public:
  static Task<Result<std::shared_ptr<StorageArray>>> create(Loop& loop, LeaseTable& leases, std::string path,
                                                            IoMode mode);
  static Task<Result<std::shared_ptr<StorageArray>>> open(Loop& loop, LeaseTable& leases, std::string path,
                                                          OpenOptions options);
  ~StorageArray() override;

  const Guid& id() const { return manifest_.id; }
  const std::string& path() const { return files_.path(); }
  IoMode mode() const { return manifest_.mode; }

  void set_thresholds(const Thresholds& thresholds);

  /// Ends holds and unfinished sets, waits for requests under way, writes a checkpoint, lets go of the lock.
  Task<Status> close();

  // LUNs. --------------------------------------------------------------------------------------------------------
  Task<Result<Guid>> create_lun(uint64_t size_bytes);
  Task<Result<Guid>> adopt_lun(std::string image_path);
  /// Brings every unit home, syncs, and forgets the LUN; its base file stays, with the LUN's size. lun_in_use while
  /// another LUN of the family exists.
  Task<Result<std::string>> detach_lun(Guid lun);
  /// An ordinary LUN goes, and its bytes with it; an adopted image stays where it is. lun_in_use while it has copies.
  Task<Status> delete_lun(Guid lun);
  /// The new end reads as zeroes; copies keep the size they were taken with.
  Task<Status> grow_lun(Guid lun, uint64_t size_bytes);
  /// The LUN holds what `source`, a shadow copy or another LUN of its family, holds now, at once and durably: nothing
  /// is copied. Copies of either, and the source, stay as they are. The LUN keeps its size.
  Task<Status> revert_lun(Guid lun, Guid source);
  /// The destination gets the bytes of a shadow copy and, unless told otherwise, stays the disk it is. At once and
  /// durably where the copy is of its family: then the id is 0, and nothing is left to do. Else it refuses requests
  /// until the resync has ended, and is marked from now on. Ends with its owner.
  Task<Result<ResyncProgress>> begin_resync(OwnerId owner, ResyncOrder order);
  /// Copies about so many bytes more; with the last of them the destination is whole, and the id is 0. A failure ends
  /// the resync, as end_resync() does: the destination takes requests again, marked as holding half of the copy.
  Task<Result<ResyncProgress>> continue_resync(OwnerId owner, ResyncId resync, uint64_t bytes_max);
  Task<Status> end_resync(OwnerId owner, ResyncId resync);
  std::shared_ptr<Lun> find_lun(const Guid& guid) const;
  std::vector<LunInfo> list_luns() const;
  /// What list_luns() says of one LUN, at a cost that does not depend on the others; nothing if there is none.
  std::optional<LunInfo> describe_lun(const Guid& guid) const;

  // Sets. --------------------------------------------------------------------------------------------------------
  /// Begins to fill a copy in full, for a set that is armed later with the same ids; returns when there is room for it.
  /// insufficient_storage if there is not. The set is captured when little is missing; see await_plex().
  Task<Status> begin_plex(Guid set, OwnerId owner, ArmCopy ids);
  /// Returns when the copy is complete and independent of its source (at once for one that is not being filled), or
  /// with the reason why it is not going to be: it stays a differential copy then, if its set was recorded.
  Task<Status> await_plex(Guid copy);
  /// Of a copy that is being filled, or was to be and failed.
  std::optional<PlexProgress> plex_progress(const Guid& copy) const;
  Task<Status> arm_set(ArmRequest request);
  /// Closes the gates of the LUNs and captures the set, if it is armed here, in the same turn.
  void hold(Guid set, OwnerId owner, std::vector<Guid> luns, int64_t limit_nanos, bool await_writes_in_flight,
            std::function<void(Result<LeaseId>)> held);
  /// Makes a captured set durable: waits for its old-epoch writes, writes the VSS flags into the copies, syncs,
  /// records.
  Task<Status> record_set(Guid set);
  /// The set is CREATED: from now on it belongs to nobody's life but its own. Again for a created set: a new note.
  Task<Status> finish_set(Guid set, std::string note);
  /// Takes back an unfinished set; does nothing to one that is CREATED.
  Task<Status> abort_set(Guid set);
  /// Deletes copies by snapshot id, durably; space comes back in the background.
  Task<Status> delete_copies(std::vector<Guid> snapshots);
  /// Copies become ordinary LUNs that no set and no source knows of; the guids of those LUNs, in the order asked for.
  Task<Result<std::vector<Guid>>> break_copies(std::vector<Guid> snapshots);
  std::vector<SetRecord> list_sets() const;
  void owner_died(OwnerId owner);

  // Blocks. ------------------------------------------------------------------------------------------------------
  /// Begins a walk over the blocks in which `newer` differs from `older`, a LUN of its family, or, with no `older`,
  /// over those of `newer` that may be other than zero. Ends with its owner.
  Result<WalkId> begin_walk(OwnerId owner, Guid older, Guid newer);
  /// The next extents in order, at most so many; none when it has ended. copy_gone if one of the two was deleted.
  Task<Result<std::vector<Extent>>> continue_walk(OwnerId owner, WalkId walk, size_t extents_max);
  void end_walk(OwnerId owner, WalkId walk);

  // Space. -------------------------------------------------------------------------------------------------------
  /// Durably. A smaller maximum takes effect with the next write, and at once where the oldest copies are to go.
  Task<Status> set_diff_area(Guid lun, DiffAreaSetting setting);
  Result<DiffAreaInfo> diff_area(const Guid& lun) const;
  /// Of every LUN that is no shadow copy, and of every one that has become independent of its source.
  std::vector<DiffAreaInfo> diff_areas() const;
  /// The last that were given up since the array was opened, oldest first.
  const std::deque<LostCopy>& lost_copies() const { return lost_copies_; }
  /// Why the array has no such LUN: copy_gone if it was a copy that was given up, else lun_not_found.
  Status why_missing(const Guid& lun) const;
  SpaceEvents& space_events() { return space_events_; }

  // Upkeep. ------------------------------------------------------------------------------------------------------
  Task<Status> checkpoint();
  /// Looks at every version that is in memory.
  CheckReport check() const;
  /// Looks at every version, which makes all maps resident.
  Task<Result<CheckReport>> check_all();

 private:
  friend class Recovery;

  // A task that close() waits for.
  class Running {
   public:
    explicit Running(StorageArray& array) : array_(array) { ++array_.tasks_running_; }
    ~Running() {
      --array_.tasks_running_;
      array_.changed_.notify_all();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    StorageArray& array_;
  };
  // Growing, reverting, detaching and deleting: in a family one after the other, as each asks first and changes later.
  // Made in the turn in which lun_to_change() has returned.
  class LifeChange {
   public:
    LifeChange(StorageArray& array, const Lun& lun) : array_(array), family_(lun.record().family) {
      array_.changing_families_.insert(family_);
    }
    ~LifeChange() {
      array_.changing_families_.erase(family_);
      array_.changed_.notify_all();
    }
    LifeChange(const LifeChange&) = delete;
    LifeChange& operator=(const LifeChange&) = delete;

   private:
    StorageArray& array_;
    const uint32_t family_;
  };
  struct Walk {
    OwnerId owner;
    std::shared_ptr<BlockWalk> walk;
    bool busy;
  };
  struct RunningResync {
    OwnerId owner;
    std::shared_ptr<Resync> resync;
    bool busy;
  };
  // A view that nobody has any more, once the batch that says so cannot be lost.
  struct Removal {
    uint64_t batch;
    Family* family;
    View view;
  };

  StorageArray(Loop& loop, LeaseTable& leases, ArrayFiles files, Manifest manifest);

  static uint64_t random_generation();
  static SetRecord present_set(const ShadowSet& set);

  LunInfo describe(Lun& lun) const;
  void add_copy(const std::shared_ptr<Lun>& copy);
  void drop_copy(const std::shared_ptr<Lun>& copy);
  Status closed_or_broken() const;
  Family* find_family(uint32_t id);
  Task<Status> add_original(FamilyRecord record, uint64_t size_bytes, int base_file, int area_file, Guid guid);
  Task<Status> take_back_original(std::shared_ptr<Lun> lun);
  Task<void> retire_family(Family& family);
  Task<Status> bring_home(Lun& lun);
  void allow_trimming(bool allowed);
  bool has_set_in_progress(const Family& family) const;
  Task<void> remove_doomed_files();
  // An ordinary LUN that nobody else's work rests on, once nobody changes the life of its family. `if_copy`: what to
  // say where it is a shadow copy.
  Task<Result<std::shared_ptr<Lun>>> lun_to_change(Guid guid, const char* if_copy);
  Status why_in_use(const std::shared_ptr<Lun>& lun) const;
  static Status why_mapped(Lun& lun);
  bool is_last_of_family(const Lun& lun) const;
  /// In one turn: the LUN sees this, and the record that says so joins the open batch, whose sequence is returned.
  uint64_t record_view(Lun& lun, const View& view, Content content, const Guid& content_of);
  /// The LUN, which is changing and has no request under way, holds what `source` holds with these patches over it.
  Task<Status> see_as(std::shared_ptr<Lun> lun, std::shared_ptr<Lun> source, std::vector<Patch> patches);
  Status why_no_resync(const Lun& destination, const std::shared_ptr<Lun>& copy) const;
  bool is_resyncing(const Lun& lun) const;
  Task<Status> plan_resync(std::shared_ptr<Lun> destination, std::shared_ptr<Lun> copy, bool original_identity,
                           EndsPlan* plan);
  std::shared_ptr<Lun> resync_base(const Lun& destination, const Lun& copy) const;
  Task<Status> record_content(std::shared_ptr<Lun> lun, Content content, Guid content_of);
  Task<Status> finish_resync(std::shared_ptr<Resync> resync);
  void let_go_of_resync(ResyncId id);
  void end_resyncs_of(OwnerId owner);
  Task<void> run_end_resync(OwnerId owner, ResyncId id);
  /// Before its first write, what is known of the LUN's content is taken back.
  void watch_content(const std::shared_ptr<Lun>& lun);
  Task<void> take_back_content(std::shared_ptr<Lun> lun);
  Task<Status> grow_base(Family& family, uint64_t size_bytes);

  CheckpointImage image(uint64_t number, uint64_t generation, bool closing);
  Task<Status> write_checkpoint_file(CheckpointImage& image);
  Task<Result<int>> make_journal_file(uint64_t number);
  Task<void> remove_older_files(uint64_t number);
  Task<Status> install_checkpoint(CheckpointImage& image);
  Task<Status> install_checkpoint_with_reserve(CheckpointImage& image);
  bool is_as_opened() const;
  Task<void> keep_reserve();
  Task<Status> checkpoint_in_use();
  Task<Status> load_maps();
  Task<void> close_former_journal();
  void checkpoint_if_due();
  Task<void> run_checkpoint();
  Task<Status> sync_families(const std::vector<Family*>& families);
  Task<void> sync_family(Family* family, Status* result, int* running);
  Task<Status> close_families();

  Family& add_plex_family(const Guid& copy, uint64_t size_bytes);
  Task<Status> make_plex_files(Family& family);
  Task<void> run_plex(std::shared_ptr<Plex> plex);
  Task<Result<bool>> complete_plex(Plex& plex);
  Task<Result<bool>> switch_to_plex(Plex& plex);
  Task<void> discard_plex(Plex& plex);
  uint64_t doom(Family& family);
  void doom_if_empty(Family& family);
  Task<void> run_retire(Family* family, uint64_t batch);
  void cancel_plexes_of(const Guid& set, const Status& why);
  void forget_unwanted_plexes();
  void cancel_all_plexes();
  /// That fills the LUN, or has it as the live source.
  Plex* plex_in_progress(const Lun& lun) const;
  Task<Status> await_ready_plexes(ShadowSet& set);
  bool is_walked(const Lun& lun) const;
  bool is_switching(const Lun& lun) const;

  Status capture(ShadowSet& set);
  void discard(ShadowSet& set);
  std::vector<Family*> families_of(const ShadowSet& set);
  Task<Status> await_old_writes(ShadowSet& set);
  Task<Status> write_vss_flags(ShadowSet& set);
  Task<Status> record_captured(ShadowSet& set);
  Task<void> drain_copies(ShadowSet& set);
  Task<Status> end_set(Guid set);
  Task<void> run_end_set(Guid set);
  Task<Status> remove_recorded(ShadowSet& set);
  Task<Status> remove_copies(std::vector<Guid> snapshots);
  Task<void> requests_ended(const std::vector<std::shared_ptr<Lun>>& doomed);
  uint64_t take_away(const std::vector<std::shared_ptr<Lun>>& doomed, std::span<const uint8_t> record);
  Task<Status> taken_away(const std::vector<std::shared_ptr<Lun>>& doomed, uint64_t batch);
  void forget_lost_members();
  void settle_removals();
  Task<Status> drop_unfinished_sets();
  void remove_view(Family& family, const View& view);

  // Space (array_space.cc, array_diff_areas.cc).
  struct Burden {
    std::shared_ptr<Lun> copy;
    uint64_t own_units = 0;
    bool may_go = false;
  };
  void find_room(Lun& lun, LunRequest& request) override;
  void look_at_area(Lun& lun) override;
  void give_diff_area(const std::shared_ptr<Lun>& lun);
  void give_diff_areas();
  Lun& diff_area_holder(Lun& lun) const;
  std::vector<Burden> burdens_of(const DiffArea& area, Family& family) const;
  uint64_t measure(DiffArea& area, Family& family) const;
  DiffAreaInfo describe_area(Lun& lun) const;
  Task<void> run_find_room(Lun& lun, LunRequest& request);
  Task<Status> room_for(Lun& lun, LunRequest& request);
  Task<Status> stall_for(Lun& lun, LunRequest& request);
  Task<Status> drop_for(Lun& lun, LunRequest& request);
  Task<Status> drop_for_area(DiffArea& area, Family& family, uint64_t units, const Lun* writer, Status lack);
  Task<Status> drop_for_disk(Lun& lun, LunRequest& request);
  Task<Status> drop_for_health(Lun& lun, LunRequest& request);
  std::vector<std::shared_ptr<Lun>> copies_in_the_way(Lun& lun, const LunRequest& request);
  bool counts_for_copies(Lun& lun) const;
  std::vector<std::shared_ptr<Lun>> members_of(const Family& family) const;
  Task<Status> give_up(std::vector<std::shared_ptr<Lun>> copies, GiveUpReason reason, Status why);
  Task<void> make_all_room(Family& family);
  Task<void> look_at_disk(std::shared_ptr<DiffArea> area, Family& family);
  void tell_if_filling(DiffArea& area);
  void tell_full(Lun& lun, const Status& lack);
  SpaceEvent event_about(const DiffArea& area, SpaceEventKind kind) const;

  Loop& loop_;
  LeaseTable& leases_;
  ArrayFiles files_;
  Reserve reserve_;
  Manifest manifest_;
  Journal journal_;
  Event changed_;
  int lock_file_ = -1;
  int journal_file_ = -1;
  // The journal before this one, open until it is whole and synced.
  int former_journal_file_ = -1;
  uint64_t number_ = 0;
  uint32_t next_family_ = 1;
  BranchId next_branch_ = 1;
  bool closing_ = false;
  // The journal held something: the array was not closed, or not all the way.
  bool recovered_unclean_ = false;
  bool checkpointing_ = false;
  bool checkpoint_started_ = false;  // in the background
  Thresholds thresholds_;
  uint64_t checkpoint_at_journal_bytes_ = Thresholds().checkpoint_at_journal_bytes;
  uint32_t tasks_running_ = 0;
  std::map<uint32_t, std::unique_ptr<Family>> families_;
  // Families of detached LUNs, which handles may still name.
  std::vector<std::unique_ptr<Family>> retired_families_;
  std::map<Guid, std::shared_ptr<Lun>> luns_;
  // The recorded copies among them, by snapshot id.
  std::unordered_map<Guid, std::shared_ptr<Lun>, GuidHash> copies_;
  std::map<Guid, std::unique_ptr<ShadowSet>> sets_;
  // Copies that are being filled, or were and failed, by the guid of the LUN to be.
  std::map<Guid, std::shared_ptr<Plex>> plexes_;
  // Views whose versions stay protected until their removal cannot be lost any more.
  std::vector<Removal> removals_;
  std::unordered_set<uint32_t> changing_families_;
  // Families in which copies are being given up for a write: one write at a time.
  std::unordered_set<uint32_t> families_making_room_;
  std::deque<LostCopy> lost_copies_;
  SpaceEvents space_events_;
  std::map<WalkId, Walk> walks_;
  WalkId next_walk_ = 1;
  std::map<ResyncId, RunningResync> resyncs_;
  ResyncId next_resync_ = 1;
  // Where leaves of maps lie that were not needed yet; null unless the array was closed before it was opened.
  std::unique_ptr<LeafStore> leaf_store_;
  // Deleted for good as soon as their files are.
  std::vector<DoomedFamily> doomed_families_;
};

}  // namespace holdfast
