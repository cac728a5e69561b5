// native/addon/engine.h
//
// What all environments of the process share: the I/O thread, its leases and the arrays that are open on it.
//
// The engine starts with the first call that needs it, so loading the package starts no thread. It is leaked: see the
// head of io/io_thread.h. The library is pinned in memory with it, because Node unloads an addon with the last worker
// that loaded it, and the I/O thread outlives workers.
//
// Thread: get(), info(), held_bytes_max() and post() any; everything else the I/O thread.
#pragma once

#include <memory>
#include <set>

#include "addon/open_arrays.h"
#include "base/status.h"
#include "hold/lease.h"
#include "io/buffer_pool.h"
#include "io/io_thread.h"

namespace holdfast {

class Environment;

class Engine {
 public:
  /// Fails with invalid_argument if HOLDFAST_IO or HOLDFAST_MAX_HELD_BYTES asks for what there is not.
  static Result<Engine*> get();

  const EngineInfo& info() const { return thread_.info(); }
  /// How many bytes of writes may wait for the end of a hold, in the whole process: HOLDFAST_MAX_HELD_BYTES or 1 GiB.
  uint64_t held_bytes_max() const { return held_bytes_max_; }
  void post(Message& message) { thread_.post(message); }

  Loop& loop() { return loop_; }
  LeaseTable& leases() { return leases_; }
  OpenArrays& arrays() { return arrays_; }
  /// Environments that have calls under way or live JavaScript.
  std::set<std::shared_ptr<Environment>>& environments() { return environments_; }

  /// Bytes of requests in the whole process. Writes may not use up what reads need: a hold can keep writes waiting that
  /// a reader has to get past. The budget for writes is above held_bytes_max(), so that limit strikes first and says
  /// why.
  static ByteBudget& read_budget();
  static ByteBudget& write_budget();

 private:
  Engine(IoThread& thread, uint64_t held_bytes_max)
      : held_bytes_max_(held_bytes_max),
        thread_(thread),
        loop_(thread.loop()),
        leases_(loop_),
        arrays_(loop_, leases_) {
    leases_.set_held_bytes_max(held_bytes_max);
  }

  const uint64_t held_bytes_max_;
  IoThread& thread_;
  Loop& loop_;
  LeaseTable leases_;
  OpenArrays arrays_;
  std::set<std::shared_ptr<Environment>> environments_;
};

}  // namespace holdfast
