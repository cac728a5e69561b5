// bench/native/bench_array.h
//
// What the native drivers share: a loop over an engine on the driver's own thread, an array, sets taken of its LUNs,
// and closed loops of requests at a queue depth. A driver ends with a message when anything fails: a figure is worth
// nothing then.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "array/storage_array.h"
#include "base/histogram.h"
#include "hold/lease.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/uring.h"

namespace holdfast::bench {

[[noreturn]] inline void die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

inline void require(const Status& status, const char* doing) {
  if (!status.ok()) die(std::string(doing) + ": " + status.message());
}

/// Bytes that belong to this process alone, from /proc/self/smaps_rollup.
inline uint64_t private_bytes() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  uint64_t kibibytes = 0;
  for (std::string line; std::getline(rollup, line);) {
    if (line.rfind("Private_", 0) == 0) kibibytes += std::strtoull(line.c_str() + line.find(':') + 1, nullptr, 10);
  }
  if (kibibytes == 0) die("/proc/self/smaps_rollup does not tell private memory");
  return kibibytes * 1024;
}

/// Takes and deletes sets, and runs tasks to their end. Everything happens on the thread that calls.
class BenchArray {
 public:
  explicit BenchArray(Io& io) : loop_(io), leases_(loop_) {}

  Loop& loop() { return loop_; }
  StorageArray& array() { return *array_; }

  template <typename T>
  T run(Task<T> task) {
    std::optional<T> result;
    loop_.spawn(store(std::move(task), &result));
    while (!result.has_value()) loop_.turn(kNever);
    return std::move(*result);
  }

  void create(const std::string& path, IoMode mode = IoMode::automatic) {
    take(run(StorageArray::create(loop_, leases_, path, mode)), "creating the array");
  }
  void open(const std::string& path) { take(run(StorageArray::open(loop_, leases_, path, {})), "opening the array"); }
  void close() {
    require(run(array_->close()), "closing the array");
    array_.reset();
  }
  std::shared_ptr<Lun> create_lun(uint64_t size_bytes) {
    Result<Guid> guid = run(array_->create_lun(size_bytes));
    require(guid.status(), "creating a LUN");
    return array_->find_lun(guid.value());
  }

  /// A shadow copy of the LUN, created; its snapshot id.
  Guid take_copy(const Guid& lun) {
    std::optional<Guid> snapshot;
    loop_.spawn(take_copy_of(lun, &snapshot));
    while (!snapshot.has_value()) loop_.turn(kNever);
    return *snapshot;
  }
  /// As take_copy(), while other things go on.
  Task<void> take_copy_of(Guid lun, std::optional<Guid>* taken) {
    std::vector<Guid> luns(1, lun);
    std::optional<std::vector<Guid>> snapshots;
    Task<void> taking = take_set_of(std::move(luns), &snapshots);
    co_await taking;
    *taken = snapshots->front();
  }
  /// A set of copies of several LUNs, created; the ids of its snapshots.
  Task<void> take_set_of(std::vector<Guid> luns, std::optional<std::vector<Guid>>* taken) {
    ArmRequest request;
    request.set = Guid::random();
    request.owner = kOwner;
    request.auto_release = false;
    std::vector<Guid> snapshots;
    for (const Guid& lun : luns) {
      request.copies.push_back(ArmCopy{lun, Guid::random(), Guid::random()});
      snapshots.push_back(request.copies.back().snapshot);
    }
    require(co_await array_->arm_set(request), "arming a set");
    Event held(loop_);
    std::optional<LeaseId> lease;
    array_->hold(request.set, kOwner, luns, 10 * kSecond, false, [&](Result<LeaseId> result) {
      require(result.status(), "holding a set");
      lease = result.value();
      held.notify_all();
    });
    while (!lease.has_value()) co_await held.wait();
    require(leases_.release(*lease, kOwner).status(), "releasing a set");
    require(co_await array_->record_set(request.set), "recording a set");
    require(co_await array_->finish_set(request.set, ""), "finishing a set");
    *taken = std::move(snapshots);
  }
  void delete_copies(std::vector<Guid> snapshots) {
    if (snapshots.empty()) return;
    require(run(array_->delete_copies(std::move(snapshots))), "deleting copies");
  }
  /// Lets the loop go on until the versions of deleted copies are collected.
  void collected(Lun& lun) {
    while (lun.family().collecting()) loop_.turn(loop_.now() + kSecond / 100);
  }

 private:
  static constexpr OwnerId kOwner = 1;

  template <typename T>
  static Task<void> store(Task<T> task, std::optional<T>* result) {
    T value = co_await task;
    result->emplace(std::move(value));
  }
  void take(Result<std::shared_ptr<StorageArray>> result, const char* doing) {
    require(result.status(), doing);
    array_ = result.take();
  }

  Loop loop_;
  LeaseTable leases_;
  std::shared_ptr<StorageArray> array_;
};

/// Requests of one kind, always `depth` of them under way.
class ClosedLoop {
 public:
  /// Says where the next request goes and what it is; false when there is to be no other.
  using Next = std::function<bool(LunRequest&)>;

  ClosedLoop(Loop& loop, Lun& lun, uint32_t depth, uint32_t length_bytes) : loop_(loop), lun_(lun) {
    for (uint32_t i = 0; i < depth; ++i) slots_.push_back(std::make_unique<Slot>(*this, length_bytes));
  }

  /// Runs until `next` says no and every request has completed.
  void run(const Next& next) {
    start(next);
    while (busy()) loop_.turn(kNever);
  }
  /// Begins; `next` stays where it is until nothing is under way any more.
  void start(const Next& next) {
    next_ = &next;
    for (auto& slot : slots_) issue(*slot);
  }
  bool busy() const { return running_ > 0; }
  uint64_t completed() const { return completed_; }
  /// From submission to completion, in nanoseconds.
  const Histogram& latencies() const { return latencies_; }

 private:
  struct Slot {
    Slot(ClosedLoop& owner_, uint32_t length_bytes_)
        : owner(owner_), bytes(make_aligned(length_bytes_)), length_bytes(length_bytes_) {}
    ClosedLoop& owner;
    AlignedBuffer bytes;
    const uint32_t length_bytes;
    Instant started = 0;
    struct Request : LunRequest {
      Slot* slot = nullptr;
    };
    std::unique_ptr<Request> request;
  };

  void issue(Slot& slot) {
    slot.request = std::make_unique<typename Slot::Request>();
    LunRequest& request = *slot.request;
    slot.request->slot = &slot;
    request.data = slot.bytes.get();
    request.length_bytes = slot.length_bytes;
    request.done = [](LunRequest* done) {
      Slot& of = *static_cast<typename Slot::Request*>(done)->slot;
      of.owner.finish(of);
    };
    if (!(*next_)(request)) return;
    slot.started = monotonic_now();
    ++running_;
    lun_.submit(request);
  }
  void finish(Slot& slot) {
    require(slot.request->status, "a request of the load");
    latencies_.record(static_cast<uint64_t>(monotonic_now() - slot.started));
    ++completed_;
    --running_;
    // The request that has just completed is still on the stack of its LUN.
    done_ = std::move(slot.request);
    issue(slot);
  }

  Loop& loop_;
  Lun& lun_;
  const Next* next_ = nullptr;
  uint32_t running_ = 0;
  uint64_t completed_ = 0;
  Histogram latencies_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::unique_ptr<LunRequest> done_;
};

/// Numbers below `count` in an order that looks random and names each of them once before it begins again.
class Shuffle {
 public:
  explicit Shuffle(uint64_t count) : count_(count) {
    while ((uint64_t{1} << bits_) < count) ++bits_;
  }
  uint64_t next() {
    for (;;) {
      // A full-period generator modulo a power of two, mixed by steps that can be undone.
      state_ = (state_ * 6364136223846793005u + 1442695040888963407u) & mask();
      uint64_t value = state_;
      value = (value ^ (value >> (bits_ / 2 + 1))) & mask();
      value = (value * 0x9E3779B97F4A7C15u) & mask();
      value ^= value >> (bits_ / 2 + 1);
      if (value < count_) return value;
    }
  }

 private:
  uint64_t mask() const { return (uint64_t{1} << bits_) - 1; }

  const uint64_t count_;
  uint32_t bits_ = 1;
  uint64_t state_ = 0;
};

}  // namespace holdfast::bench
