// native/hold/gate.h
//
// A Gate decides when the writes of one LUN may proceed.
//
//   open ──close()──▶ closed ──open()──▶ replaying ──▶ open
//
// Guarantees
//   - A request that meets an open gate passes at once and belongs to the epoch of that moment.
//   - A request that meets a closed or replaying gate does no I/O until it is let through, in the order of arrival;
//     nothing that was accepted is dropped.
//   - Letting through happens in bursts of kReplayPerTurn, so that a long queue does not keep the loop from its other
//     work; requests that arrive meanwhile queue behind.
//
// Reads and flushes never come here. Who closes and opens a gate is the lease (hold/lease.h): a gate has no timer.
//
// Thread: the loop's. Ownership: requests are linked in, not owned. Crash: a gate has no durable state.
#pragma once

#include <cstdint>

#include "base/list.h"
#include "io/loop.h"

namespace holdfast {

/// What a gate needs to know of a request. Its owner embeds it.
struct GateRequest : ListNode {
  uint32_t gate_bytes = 0;
  /// A provider asked for it, which during its own CommitSnapshots it must not (reference R100).
  bool of_provider = false;
};

class Gate {
 public:
  static constexpr int kReplayPerTurn = 256;

  /// `admit` is called for each request let through after a wait, with the context.
  Gate(Loop& loop, void* context, void (*admit)(void* context, GateRequest* request));
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  bool closed() const { return closed_; }

  /// True: the request has passed. False: it is queued, and `admit` will be called.
  bool pass(GateRequest& request) {
    if (!closed_ && held_.empty()) return true;
    held_.push_back(&request);
    ++held_count_;
    held_bytes_ += request.gate_bytes;
    ++queued_total_;
    if (request.of_provider) ++queued_of_provider_;
    return false;
  }

  /// Takes a request that pass() has just queued out again.
  void withdraw(GateRequest& request) {
    request.unlink();
    --held_count_;
    held_bytes_ -= request.gate_bytes;
    --queued_total_;
    if (request.of_provider) --queued_of_provider_;
  }

  /// Closing a closed gate is a mistake of the caller.
  void close();
  void open();

  /// Requests waiting now, and the bytes they carry.
  uint32_t held_count() const { return held_count_; }
  uint64_t held_bytes() const { return held_bytes_; }
  /// Requests that had to wait since the gate was last closed.
  uint32_t queued_total() const { return queued_total_; }
  /// How many of those were a provider's.
  uint32_t queued_of_provider() const { return queued_of_provider_; }

  /// Takes every waiting request out, oldest first, for a LUN that goes away.
  GateRequest* take_held();

 private:
  struct Replay : Work {
    Gate* gate;
  };
  void replay();

  Loop& loop_;
  void* const context_;
  void (*const admit_)(void*, GateRequest*);
  bool closed_ = false;
  // Oldest first. Not empty while closed_ is false only until the replay has caught up.
  List<GateRequest> held_;
  uint32_t held_count_ = 0;
  uint64_t held_bytes_ = 0;
  uint32_t queued_total_ = 0;
  uint32_t queued_of_provider_ = 0;
  Replay replay_;
};

}  // namespace holdfast
