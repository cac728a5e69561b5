// test/native/array/machine.h
//
// A machine in memory for tests of the array: a simulated disk, an engine over it, a loop and a table of leases. It can
// be switched off at any operation and started again over what the disk has kept.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "array/lun_access.h"
#include "array/storage_array.h"
#include "hold/lease.h"
#include "io/loop.h"
#include "io/simulator.h"

namespace holdfast {

class Machine {
 public:
  Machine(std::shared_ptr<SimulatedDisk> disk, uint64_t seed)
      : disk_(std::move(disk)),
        io_(std::make_unique<SimulatorIo>(disk_, seed)),
        loop_(std::make_unique<Loop>(*io_)),
        leases_(std::make_unique<LeaseTable>(*loop_)) {}
  explicit Machine(uint64_t seed) : Machine(std::make_shared<SimulatedDisk>(), seed) {}
  ~Machine() { switch_off(); }

  /// Everything in memory is gone; the disk keeps what it has been given, synced or not.
  void switch_off() {
    if (loop_ == nullptr) return;
    io_->drop_all();
    leases_.reset();
    loop_.reset();
    array.reset();
    io_.reset();
  }

  /// Runs a task to its end; nothing if the machine stopped before.
  template <typename T>
  std::optional<T> try_run(Task<T> task) {
    std::optional<T> result;
    loop_->spawn(store(std::move(task), &result));
    while (!result.has_value() && !io_->stopped()) loop_->turn(kNever);
    return result;
  }
  template <typename T>
  T run(Task<T> task) {
    std::optional<T> result = try_run(std::move(task));
    if (!result.has_value()) std::abort();
    return std::move(*result);
  }
  /// Lets the loop go on until nothing is left to do at this time.
  void settle() {
    while (!io_->stopped() && loop_->turn(0)) {
    }
  }

  Loop& loop() { return *loop_; }
  LeaseTable& leases() { return *leases_; }
  SimulatorIo& io() { return *io_; }
  const std::shared_ptr<SimulatedDisk>& disk() { return disk_; }

  std::shared_ptr<StorageArray> array;

  Status create_array(IoMode mode = IoMode::automatic) {
    return take(StorageArray::create(loop(), leases(), kPath, mode));
  }
  Status open_array(OpenOptions options = {}) { return take(StorageArray::open(loop(), leases(), kPath, options)); }
  Status close_array() {
    Status status = run(array->close());
    array.reset();
    return status;
  }

  static constexpr const char* kPath = "/array";

 private:
  template <typename T>
  static Task<void> store(Task<T> task, std::optional<T>* result) {
    T value = co_await task;
    result->emplace(std::move(value));
  }

  Status take(Task<Result<std::shared_ptr<StorageArray>>> opening) {
    auto result = try_run(std::move(opening));
    if (!result.has_value()) return Status(Code::cancelled, "the machine stopped");
    if (!result->ok()) return result->status();
    array = result->take();
    return Status();
  }

  std::shared_ptr<SimulatedDisk> disk_;
  std::unique_ptr<SimulatorIo> io_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<LeaseTable> leases_;
};

inline std::vector<uint8_t> pattern(uint64_t length_bytes, uint8_t value) {
  return std::vector<uint8_t>(length_bytes, value);
}

inline Status write_bytes(Machine& machine, Lun& lun, uint64_t offset_bytes, const std::vector<uint8_t>& bytes) {
  LunAccess access(lun);
  return machine.run(access.write(offset_bytes, bytes));
}

inline std::vector<uint8_t> read_bytes(Machine& machine, Lun& lun, uint64_t offset_bytes, uint32_t length_bytes) {
  LunAccess access(lun);
  AlignedBuffer bytes = make_aligned(length_bytes);
  Status status = machine.run(access.read(offset_bytes, bytes.get(), length_bytes));
  EXPECT_TRUE(status.ok()) << status.message();
  return std::vector<uint8_t>(bytes.get(), bytes.get() + length_bytes);
}

/// Arms, holds, releases and records a set of these LUNs; the ids of its snapshots, in order.
struct TakenSet {
  Guid set;
  std::vector<Guid> snapshots;
  std::vector<Guid> copies;
  Status status;
};

inline TakenSet arm_copies(Machine& machine, const std::vector<Guid>& luns, bool auto_release = false,
                           OwnerId owner = 1) {
  TakenSet taken;
  taken.set = Guid::random();
  ArmRequest request;
  request.set = taken.set;
  request.owner = owner;
  request.auto_release = auto_release;
  for (const Guid& lun : luns) {
    request.copies.push_back(ArmCopy{lun, Guid::random(), Guid::random()});
    taken.snapshots.push_back(request.copies.back().snapshot);
    taken.copies.push_back(request.copies.back().copy);
  }
  taken.status = machine.run(machine.array->arm_set(request));
  return taken;
}

inline Result<LeaseId> hold_set(Machine& machine, const TakenSet& taken, const std::vector<Guid>& luns,
                                OwnerId owner = 1, int64_t limit_nanos = 10 * kSecond) {
  std::optional<Result<LeaseId>> lease;
  machine.array->hold(taken.set, owner, luns, limit_nanos, false, [&](Result<LeaseId> result) { lease = result; });
  while (!lease.has_value()) machine.loop().turn(kNever);
  return *lease;
}

inline TakenSet take_set(Machine& machine, const std::vector<Guid>& luns, bool auto_release = false) {
  TakenSet taken = arm_copies(machine, luns, auto_release);
  if (!taken.status.ok()) return taken;
  Result<LeaseId> lease = hold_set(machine, taken, luns);
  if (!lease.ok()) {
    taken.status = lease.status();
    return taken;
  }
  Result<Verdict> verdict = machine.leases().release(lease.value(), 1);
  EXPECT_TRUE(verdict.ok() && verdict.value().held_throughout);
  taken.status = machine.run(machine.array->record_set(taken.set));
  if (taken.status.ok()) taken.status = machine.run(machine.array->finish_set(taken.set, "note"));
  return taken;
}

}  // namespace holdfast
