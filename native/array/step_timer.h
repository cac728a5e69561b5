// native/array/step_timer.h
//
// How long background work has had the loop's thread: a step lasts from begin() to end(), between two suspensions.
// Steps are recorded, and is_over() says when it is time to let others have their turn.
//
// Thread: the loop's.
#pragma once

#include "base/histogram.h"
#include "io/loop.h"

namespace holdfast {

class StepTimer {
 public:
  /// Half of what a step may take: what follows is_over() has to fit into the other half.
  static constexpr int64_t kStepNanos = 100 * kMicrosecond;

  /// A step begins. In a simulation, where no time passes, it is over after so many rounds.
  StepTimer(Loop& loop, Histogram& nanos, uint32_t rounds_max = 64)
      : loop_(loop), nanos_(nanos), rounds_max_(rounds_max), began_(loop.now()) {}
  StepTimer(const StepTimer&) = delete;
  StepTimer& operator=(const StepTimer&) = delete;

  void begin() {
    began_ = loop_.now();
    rounds_ = 0;
  }
  void end() { nanos_.record(static_cast<uint64_t>(loop_.now() - began_)); }
  /// Asked once a round.
  bool is_over() { return ++rounds_ >= rounds_max_ || loop_.now() - began_ >= kStepNanos; }

 private:
  Loop& loop_;
  Histogram& nanos_;
  const uint32_t rounds_max_;
  Instant began_;
  uint32_t rounds_ = 0;
};

}  // namespace holdfast
