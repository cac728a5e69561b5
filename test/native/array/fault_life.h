// test/native/array/fault_life.h
//
// A life of an array that meets everything an array does, goes on after every failure, and knows what it was promised:
// for faults at each of its steps.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crash/crash_model.h"
#include "machine.h"

namespace holdfast {

class FaultLife {
 public:
  explicit FaultLife(std::shared_ptr<SimulatedDisk> disk);
  ~FaultLife();

  Machine& machine() { return *machine_; }
  /// To its end, or until the machine stops. Failures are noted and lived with.
  void live();
  /// The power fails, and `prepare` may put faults where the array is opened again. It opens, or is refused and opens
  /// when they are gone.
  void cut_power_and_open(CrashPolicy policy, const std::function<void(SimulatorIo& io)>& prepare);
  /// No more faults: the array is closed if it is open, by a power cut if the machine has stopped, opened, compared,
  /// used and opened once more.
  void settle(CrashPolicy policy);

  /// Empty, or the first promise that was broken.
  const std::string& broken() const { return broken_; }
  /// How many steps ended with an error.
  uint64_t failures() const { return failures_; }

 private:
  /// A LUN, and what it may hold: one of these, as a whole.
  struct Known {
    bool must_exist = false;  // false: it may exist or not
    bool may_have_grown = false;
    uint64_t size_bytes = 0;
    std::vector<LunModel> allowed;
  };
  using Copies = std::vector<Guid>;

  template <typename T>
  std::optional<T> run(const char* step, Task<T> task);
  bool check(const char* step, const Status& status);
  void break_promise(const std::string& what);
  bool is_over() const { return !broken_.empty() || machine_->io().stopped(); }

  void create_or_open();
  void open();
  void close();
  Guid add(const char* step, std::optional<Result<Guid>> made, uint64_t size_bytes);
  void write(const Guid& lun, uint64_t sector, uint64_t count, bool force_unit_access = false);
  void flush(const Guid& lun);
  void finish(const char* step, LunRequest& request, const bool& is_done);
  /// The snapshots of a set that was acknowledged, and its copies; none if it was not.
  std::vector<Guid> take_set(const std::vector<Guid>& luns, Copies* copies);
  void delete_set(const std::vector<Guid>& snapshots, const Copies& copies);
  void walk(const Guid& older, const Guid& newer);
  void change_lives(const Guid& one, const Guid& other, const Guid& image, const std::vector<Guid>& second,
                    const Copies& second_copies);
  /// Copies that cannot be kept are given up; those may be gone from now on.
  void note_given_up();
  void compare_all(bool is_durable);
  void compare(const Guid& guid, Known& known, bool is_durable);

  std::shared_ptr<SimulatedDisk> disk_;
  std::unique_ptr<Machine> machine_;
  std::map<Guid, Known> luns_;
  uint64_t next_number_ = 1;
  uint64_t failures_ = 0;
  uint64_t failures_after_ = 0;  // since it was compared
  std::string last_failure_;
  // An engine that stopped goes on knowing their buffers.
  std::vector<std::shared_ptr<LunRequest>> requests_;
  std::string broken_;
};

}  // namespace holdfast
