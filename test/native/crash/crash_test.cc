// Power cuts at every point of random lives of an array; the long campaign is `npm run torture -- crash`.
//
// HOLDFAST_CRASH_STATES and HOLDFAST_CRASH_SEED choose how many states and from which seed on.

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

TEST(Crash, EveryPromiseIsKeptWhereverThePowerFailsAndWhateverTheDiskKept) {
  const uint64_t states_wanted = setting("HOLDFAST_CRASH_STATES", 2400);
  const uint64_t first_seed = setting("HOLDFAST_CRASH_SEED", 1);
  const uint64_t only_stop = setting("HOLDFAST_CRASH_STOP", 0);
  uint64_t states = 0;
  for (uint64_t seed = first_seed; states < states_wanted; ++seed) {
    bool ended = false;
    // Every operation of a short life is too much for a quick run; a stride through each life meets all of them over
    // the seeds.
    for (uint64_t stop = only_stop != 0 ? only_stop : 1 + seed % 7; !ended && states < states_wanted; stop += 7) {
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
  std::printf("%llu states\n", static_cast<unsigned long long>(states));
}

}  // namespace
}  // namespace holdfast
