// native/io/simulator.h
//
// The Io engine for tests: a disk in memory, a virtual clock, and chance from a seed. The same seed and the same calls
// give the same run.
//
//   order     requests complete in random order; FileCalls in order of submission, at random between requests
//   time      moves by some microseconds with each completion; a wait with nothing to complete jumps to its end
//   stop      after the n-th operation nothing completes any more: for crashes at every point of a scenario
//   faults    by path, operation and count: an errno, a transfer in two steps, a delay, a stop
//
// What it checks, aborting with a sentence: the alignment O_DIRECT asks for, and that no file is closed under its
// requests. Buffers of reads are filled with rubbish until the read completes.
//
// A crash:  while (!io.stopped()) loop.turn(kNever);  io.drop_all();  (destroy the loop)  disk->power_cut(seed,
// policy);
//           then a new engine over the same disk.
//
// Thread: the loop's; wake() any. Ownership: the disk is shared and outlives the engine.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/io.h"
#include "io/simulated_disk.h"
#include "io/simulated_random.h"

namespace holdfast {

enum class SimulatedOp : uint8_t {
  read,
  write,
  sync,
  allocate,
  punch,
  open,
  close,
  stat,
  truncate,
  rename,
  unlink,
  find_data,
  clone_range,
  make_directory,
  list,
  sync_directory,
  lock,
  read_small,
};

/// A rule: what happens to certain operations.
struct Fault {
  static constexpr uint64_t kForever = ~uint64_t{0};

  std::string path_pattern = "*";  // as fnmatch(3), where * also matches /; a file has the path it was opened by
  SimulatedOp op = SimulatedOp::write;
  uint64_t nth = 1;          // the first one it happens to, counted from add_fault()
  uint64_t count = 1;        // to how many in a row
  int error_number = 0;      // it fails; a write or punch may have been done in part
  uint64_t short_bytes = 0;  // read, write: so much is done first, the rest as another operation later
  Instant delay = 0;         // requests only: earliest completion after submission
  bool stops_here = false;   // nothing completes any more; a request is in flight, anything else is not done
};

class SimulatorIo final : public Io {
 public:
  SimulatorIo(std::shared_ptr<SimulatedDisk> disk, uint64_t seed);
  /// Does not look at requests that are still there: their buffers may be gone. After drop_all() there are none.
  ~SimulatorIo() override;

  const char* name() const override { return "simulator"; }
  Instant now() const override { return disk_->now(); }
  void submit(IoRequest& request) override;
  void call(FileCall& call) override;
  /// Never blocks: what it would wait for with no deadline and nothing to complete would never come.
  int poll(Instant deadline, int completions_max) override;
  void wake() override { woken_.store(true, std::memory_order_release); }

  const std::shared_ptr<SimulatedDisk>& disk() const { return disk_; }

  /// Completed so far: requests, FileCalls, and each change a FileCall makes to the file system.
  uint64_t operations() const { return operations_; }
  /// After the n-th operation, its `done` included, nothing completes; a FileCall is stopped between two changes.
  void set_stop_after(uint64_t operations) {
    stop_after_ = operations;
    if (operations_ >= stop_after_) stopped_ = true;
  }
  bool stopped() const { return stopped_; }
  /// Requests submitted and not completed, FileCalls included.
  size_t pending() const { return pending_.size() + delayed_.size() + calls_count_; }

  /// Lets go of all requests, so that loop and tasks can be destroyed; writes among them are in flight for the disk.
  /// The engine is of no use afterwards.
  void drop_all();

  /// Returns the number to ask fault_hits() with.
  size_t add_fault(Fault fault);
  /// Told of every operation when it is submitted or made, whether a rule is about it or not.
  void set_observer(std::function<void(const std::string& path, SimulatedOp op)> observer) {
    observer_ = std::move(observer);
  }
  uint64_t fault_hits(size_t fault) const { return faults_[fault].hits; }
  /// No rule applies any more; fault_hits() can still be asked.
  void clear_faults() {
    for (Rule& rule : faults_) rule.fault.count = 0;
  }

 private:
  class Files;

  struct Pending {
    IoRequest* request;
    Sequence covers;  // of a sync
    int error_number;
    uint64_t short_bytes;
    Instant ready;
    bool stops_here;
  };
  struct Rule {
    Fault fault;
    uint64_t seen;
    uint64_t hits;
  };

  Fault fault_for(const std::string& path, SimulatedOp op);
  void check(const IoRequest& request) const;
  void admit_delayed();
  bool count_operation();
  void step();
  void complete(Pending pending);
  void complete_call();
  int64_t carry_out(const Pending& pending);
  void let_go();

  std::shared_ptr<SimulatedDisk> disk_;
  SimulatedRandom random_;
  std::unique_ptr<Files> files_;
  std::vector<Pending> pending_;  // may complete now
  std::vector<Pending> delayed_;
  List<FileCall> calls_;
  size_t calls_count_ = 0;
  std::vector<Rule> faults_;
  std::function<void(const std::string&, SimulatedOp)> observer_;
  uint64_t operations_ = 0;
  uint64_t stop_after_ = ~uint64_t{0};
  bool stopped_ = false;
  bool attached_ = true;
  std::atomic<bool> woken_{false};
};

}  // namespace holdfast
