// test/native/crash/crash_scenario.h
//
// A random life of an array, from a seed: overlapping writes, flushes, sets over several LUNs, writes to copies,
// deletions, aborts, reverts, copies broken off, LUNs deleted, checkpoints and reopenings, with a model beside it. The
// same seed gives the same life, so it can be cut off after any operation of the disk and compared with what its users
// had been promised until then.
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

  /// Everything in memory is gone; the disk is left to have its power cut.
  std::shared_ptr<SimulatedDisk> switch_off();
  /// Opens the array again and compares. Empty, or which promise was broken. Afterwards the model is what was found,
  /// and the scenario can live on.
  std::string recover_and_compare(const std::shared_ptr<SimulatedDisk>& disk, uint64_t seed);
  bool is_open() const { return machine_->array != nullptr; }
  /// Goes on with some more steps on the recovered array.
  bool live_on(uint32_t steps, uint64_t more_operations);

 private:
  struct Write;
  struct Flush;
  struct KnownSet {
    Guid id;
    std::vector<Guid> sources;
    std::vector<Guid> snapshots;
    std::vector<Guid> copies;
    bool auto_release = false;
    std::optional<Status> recorded;  // outcome of record and finish, once there
    bool acknowledged = false;
    bool ending = false;    // a deletion or abort has begun
    bool ended = false;     // and was acknowledged
    bool breaking = false;  // its copies are becoming ordinary LUNs
  };

  uint64_t pick(uint64_t bound) { return random_() % bound; }
  bool stopped() { return machine_->io().stopped(); }
  bool step();
  void step_write();
  void step_flush();
  void step_take_set();
  void step_delete_set();
  void step_revert();
  void step_break_set();
  void step_delete_lun();
  std::string compare_lun(const Guid& guid, LunModel& model);
  void step_checkpoint();
  void step_reopen();
  void turn_a_little();
  void await_everything();
  void reap();
  Task<void> record(std::shared_ptr<KnownSet> set);
  Guid pick_lun();
  std::string compare_sets();

  std::mt19937_64 random_;
  const uint32_t steps_;
  std::unique_ptr<Machine> machine_;
  uint64_t next_number_ = 1;
  // LUNs that are no shadow copies.
  std::vector<Guid> originals_;
  // Being reverted, and what it will hold: it holds all of that or all of what it held.
  std::optional<std::pair<Guid, LunModel>> reverting_;
  // Being deleted.
  std::optional<Guid> deleting_;
  std::map<Guid, LunModel> models_;
  std::vector<std::shared_ptr<KnownSet>> sets_;
  std::vector<std::unique_ptr<Write>> writes_;
  std::vector<std::unique_ptr<Flush>> flushes_;
  uint32_t recording_ = 0;
  bool ready_ = false;
};

}  // namespace holdfast
