// test/native/crash/crash_scenario.h
//
// A random life of an array, from a seed, with a model beside it. The same seed gives the same life, so it can be cut
// off after any operation of the disk and compared with what its users had been promised until then.
//
//   crash_scenario.cc   overlapping writes, writes through to the disk, flushes, checkpoints, reopenings, a disk that
//                       is full for a while
//   crash_sets.cc       sets over several LUNs, copies of copies, copies that are filled in full
//   crash_changes.cc    LUNs grow, are reverted, resynchronized, deleted, adopted, detached; copies are deleted and
//                       broken off; some of it while everything else goes on
//   crash_compare.cc    recovery, which may be cut itself, and the comparison
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "array/machine.h"
#include "crash_model.h"

namespace holdfast {

class CrashScenario {
 public:
  CrashScenario(uint64_t seed, uint32_t steps);
  ~CrashScenario();

  /// Lives until the end or until `stop_after` operations of the disk. True if it came to its end.
  bool live(uint64_t stop_after);
  uint64_t operations() { return machine_->io().operations(); }
  SimulatorIo& io() { return machine_->io(); }

  /// Everything in memory is gone; the disk is left to have its power cut.
  std::shared_ptr<SimulatedDisk> switch_off();
  /// Begins to recover and is cut after so many operations. True if it was; false if it had come to its end before, and
  /// nothing is changed but what an opening changes.
  bool recover_in_part(const std::shared_ptr<SimulatedDisk>& disk, uint64_t seed, uint64_t operations);
  /// Opens the array again and compares. Empty, or which promise was broken. Afterwards the model is what was found,
  /// and the scenario can live on.
  std::string recover_and_compare(const std::shared_ptr<SimulatedDisk>& disk, uint64_t seed);
  bool is_open() const { return machine_->array != nullptr; }
  /// Goes on with some more steps on the recovered array.
  bool live_on(uint32_t steps, uint64_t more_operations);
  /// How often what takes many steps came to its end.
  uint64_t plexes_filled() const { return plexes_filled_; }
  uint64_t resyncs_done() const { return resyncs_done_; }

 private:
  struct Write;
  struct Flush;
  struct Member {
    Guid source;
    Guid snapshot;
    Guid copy;
  };
  struct KnownSet {
    Guid id;
    std::vector<Guid> sources;
    std::vector<Guid> snapshots;
    std::vector<Guid> copies;
    // Given up for want of room: gone, and back after a crash if the record of it was not durable yet.
    std::vector<Member> given_up;
    bool auto_release = false;
    std::optional<Status> recorded;  // outcome of record and finish, once there
    bool acknowledged = false;
    bool ending = false;    // a deletion or abort has begun
    bool ended = false;     // and was acknowledged
    bool breaking = false;  // its copies are becoming ordinary LUNs
    bool doubtful = false;  // it failed for want of space, and may be there after a crash
  };
  /// An image that was let go, and what it has to hold from then on.
  struct Image {
    std::string path;
    LunModel model;
  };
  struct Detaching {
    Guid lun;
    std::string path;
  };

  uint64_t pick(uint64_t bound) { return random_() % bound; }
  bool stopped() { return machine_->io().stopped(); }
  bool step();
  void step_write();
  void step_flush();
  void step_take_set();
  void step_checkpoint();
  void step_reopen();
  void step_full_disk();
  void step_delete_set();
  bool begin_plexes(const ArmRequest& request);
  void step_await_plex();
  void step_revert();
  void step_resync();
  void step_break_set();
  void step_delete_lun();
  void step_grow();
  void step_adopt();
  void step_detach();
  void turn_a_little();
  void await_everything();
  void reap();
  /// Without room, shadow copies are given up, which is no broken promise; notes which, and leaves them out from now
  /// on.
  void leave_out_given_up();
  void writes_may_come_later();
  /// Awaited now, or going on while the life does.
  void go_on_with(Task<void> task);
  Task<void> record(std::shared_ptr<KnownSet> set);
  Task<void> remove(std::shared_ptr<KnownSet> set);
  Task<void> grow(Guid lun, uint64_t sectors);
  Task<void> write_checkpoint();
  bool is_busy(const Guid& lun) const;
  Guid pick_lun();
  OpenOptions options() const;
  std::string compare_lun(const Guid& guid, LunModel& model);
  std::string compare_sets();
  std::string compare_images();

  std::mt19937_64 random_;
  const uint32_t steps_;
  std::unique_ptr<Machine> machine_;
  uint64_t next_number_ = 1;
  uint64_t next_image_ = 1;
  uint64_t lun_bytes_ = 0;
  // LUNs that are no shadow copies.
  std::vector<Guid> originals_;
  // Being reverted, and what it will hold: it holds all of that or all of what it held.
  std::optional<std::pair<Guid, LunModel>> reverting_;
  std::optional<Guid> deleting_;
  std::optional<Detaching> detaching_;
  // Being grown, and how many sectors it has by then.
  std::map<Guid, uint64_t> growing_;
  std::map<Guid, LunModel> models_;
  std::vector<Guid> plexes_;
  uint64_t plexes_filled_ = 0;
  uint64_t resyncs_done_ = 0;
  std::vector<Image> images_;
  std::vector<std::shared_ptr<KnownSet>> sets_;
  std::vector<std::unique_ptr<Write>> writes_;
  std::vector<std::unique_ptr<Flush>> flushes_;
  // Tasks in the background that everything has to wait for.
  uint32_t running_ = 0;
  bool ready_ = false;
  bool is_full_ = false;
  bool was_full_ = false;
  bool was_resynced_ = false;
};

}  // namespace holdfast
