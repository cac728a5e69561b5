// native/io/simulated_random.h
//
// The simulator's source of chance: the same seed gives the same choices with every compiler and library, which
// the distributions of the standard library do not promise.
#pragma once

#include <cstdint>

namespace holdfast {

/// SplitMix64.
class SimulatedRandom {
 public:
  explicit SimulatedRandom(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
  }
  /// 0 .. bound - 1; the bias of the remainder does not matter here.
  uint64_t below(uint64_t bound) { return next() % bound; }
  bool coin() { return (next() & 1) != 0; }

 private:
  uint64_t state_;
};

}  // namespace holdfast
