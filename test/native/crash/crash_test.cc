// Power cuts in random lives of an array: after every single operation of the first lives, then with a stride through
// many more. The long campaign is `npm run torture -- crash`.
//
// HOLDFAST_CRASH_STATES and HOLDFAST_CRASH_SEED choose how many states and from which seed on; HOLDFAST_CRASH_STOP
// tries one operation of that seed only.

#include <cstdio>
#include <cstdlib>

#include "crash_scenario.h"

namespace holdfast {
namespace {

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

constexpr CrashPolicy kPolicies[] = {CrashPolicy::drop_all, CrashPolicy::keep_all, CrashPolicy::random_sectors,
                                     CrashPolicy::reordered_writes};
constexpr uint32_t kSteps = 14;
constexpr uint64_t kWholeLives = 5;
constexpr uint64_t kStride = 7;

TEST(Crash, EveryPromiseIsKeptWhereverThePowerFailsAndWhateverTheDiskKept) {
  const uint64_t states_wanted = setting("HOLDFAST_CRASH_STATES", 8000);
  const uint64_t first_seed = setting("HOLDFAST_CRASH_SEED", 1);
  const uint64_t only_stop = setting("HOLDFAST_CRASH_STOP", 0);
  uint64_t states = 0;
  uint64_t seed = first_seed;
  for (; states < states_wanted; ++seed) {
    bool ended = false;
    // A stride begins elsewhere in each life, so that over the seeds it meets every kind of operation.
    const uint64_t stride = seed - first_seed < kWholeLives ? 1 : kStride;
    for (uint64_t stop = only_stop != 0 ? only_stop : 1 + seed % stride; !ended && states < states_wanted;
         stop += stride) {
      for (const CrashPolicy policy : kPolicies) {
        CrashScenario scenario(seed, kSteps);
        ended = scenario.live(stop);
        const std::shared_ptr<SimulatedDisk> disk = scenario.switch_off();
        disk->power_cut(seed * 1000 + stop, policy);
        std::string broken = scenario.recover_and_compare(disk, seed);
        // A second life on what was recovered, cut again.
        if (broken.empty() && scenario.is_open()) {
          scenario.live_on(6, 20 + stop % 60);
          const std::shared_ptr<SimulatedDisk> again = scenario.switch_off();
          again->power_cut(seed * 1000 + stop + 1, policy);
          broken = scenario.recover_and_compare(again, seed + 1);
          if (!broken.empty()) broken = "second life: " + broken;
        }
        ++states;
        ASSERT_TRUE(broken.empty()) << "seed " << seed << ", stop after operation " << stop << ", policy "
                                    << static_cast<int>(policy) << ": " << broken;
      }
      if (only_stop != 0) return;
    }
  }
  std::printf("%llu states of seeds %llu to %llu\n", static_cast<unsigned long long>(states),
              static_cast<unsigned long long>(first_seed), static_cast<unsigned long long>(seed - 1));
}

}  // namespace
}  // namespace holdfast
