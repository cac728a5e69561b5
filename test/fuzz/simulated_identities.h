// test/fuzz/simulated_identities.h
//
// Identities from a seed while it lives, instead of from the kernel.
#pragma once

#include <cstdint>

#include "base/guid.h"
#include "io/simulated_random.h"

namespace holdfast::test {

class SimulatedIdentities {
 public:
  explicit SimulatedIdentities(uint64_t seed) {
    random() = SimulatedRandom(seed);
    set_random_source([](uint8_t* bytes, size_t length) {
      for (size_t i = 0; i < length; ++i) bytes[i] = static_cast<uint8_t>(random().below(256));
    });
  }
  ~SimulatedIdentities() { set_random_source(nullptr); }
  SimulatedIdentities(const SimulatedIdentities&) = delete;
  SimulatedIdentities& operator=(const SimulatedIdentities&) = delete;

 private:
  static SimulatedRandom& random() {
    static SimulatedRandom random(0);
    return random;
  }
};

}  // namespace holdfast::test
