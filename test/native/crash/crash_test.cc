// Power cuts in random lives of an array: after every single operation of the first lives, then with a stride through
// many more. The campaign is `npm run crash`, which starts this test once a processor.
//
// HOLDFAST_CRASH_STATES, _SEED and _SEED_STEP choose how many states and which seeds; HOLDFAST_CRASH_STOP tries one
// operation of that seed only. HOLDFAST_CRASH_TELL has the number of states told on standard error as they are tried.

#include <cstdio>
#include <cstdlib>
#include <map>

#include "array/fault_points.h"
#include "base/planted.h"
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
constexpr uint64_t kTellEvery = 500;
constexpr uint64_t kRecoveryOperations = 40;

struct Tally {
  uint64_t states = 0;
  uint64_t lives = 0;
  uint64_t recoveries_cut = 0;
};

// One life until the power goes, a recovery that is cut as well, and a second life on what was recovered then, cut
// again. Empty, or what was broken. *ended: the first life came to its end before.
std::string live_and_die(uint64_t seed, uint64_t stop, CrashPolicy policy, Tally* tally, bool* ended) {
  CrashScenario scenario(seed, kSteps);
  *ended = scenario.live(stop);
  const std::shared_ptr<SimulatedDisk> disk = scenario.switch_off();
  disk->power_cut(seed * 1000 + stop, policy);
  // Further and further on in recovery, until it is over before it is cut.
  if (scenario.recover_in_part(disk, seed, 1 + (seed + stop) % kRecoveryOperations)) ++tally->recoveries_cut;
  disk->power_cut(seed * 1000 + stop + 2, policy);
  std::string broken = scenario.recover_and_compare(disk, seed);
  if (!broken.empty() || !scenario.is_open()) return broken;
  scenario.live_on(6, 20 + stop % 60);
  const std::shared_ptr<SimulatedDisk> again = scenario.switch_off();
  again->power_cut(seed * 1000 + stop + 1, policy);
  broken = scenario.recover_and_compare(again, seed + 1);
  return broken.empty() ? broken : "second life: " + broken;
}

TEST(Crash, EveryPromiseIsKeptWhereverThePowerFailsAndWhateverTheDiskKept) {
  const uint64_t states_wanted = setting("HOLDFAST_CRASH_STATES", 8000);
  const uint64_t first_seed = setting("HOLDFAST_CRASH_SEED", 1);
  const uint64_t seed_step = setting("HOLDFAST_CRASH_SEED_STEP", 1);
  const uint64_t only_stop = setting("HOLDFAST_CRASH_STOP", 0);
  const bool tell = setting("HOLDFAST_CRASH_TELL", 0) != 0;
#ifdef HOLDFAST_PLANTED
  the_planted_bug = static_cast<PlantedBug>(setting("HOLDFAST_PLANTED_BUG", 0));
#endif
  Tally tally;
  uint64_t& states = tally.states;
  for (; states < states_wanted && (only_stop == 0 || tally.lives == 0); ++tally.lives) {
    const uint64_t seed = first_seed + tally.lives * seed_step;
    bool ended = false;
    // A stride begins elsewhere in each life, so that over the seeds it meets every kind of operation.
    const uint64_t stride = tally.lives < kWholeLives ? 1 : kStride;
    for (uint64_t stop = only_stop != 0 ? only_stop : 1 + seed % stride; !ended && states < states_wanted;
         stop += stride) {
      for (const CrashPolicy policy : kPolicies) {
        const std::string broken = live_and_die(seed, stop, policy, &tally, &ended);
        ++states;
        if (tell && states % kTellEvery == 0)
          std::fprintf(stderr, "%llu states\n", static_cast<unsigned long long>(states));
        ASSERT_TRUE(broken.empty()) << "seed " << seed << ", stop after operation " << stop << ", policy "
                                    << static_cast<int>(policy) << ", state " << states << ": " << broken;
      }
      if (only_stop != 0) break;
    }
  }
  // At least half of the recoveries, or it is not there that the power goes.
  if (only_stop == 0) {
    EXPECT_GT(tally.recoveries_cut, states / 2);
  }
  std::printf("%llu states of %llu lives\n", static_cast<unsigned long long>(states),
              static_cast<unsigned long long>(tally.lives));
}

TEST(CrashLives, MeetEverythingThatCanBeCutAtSomeTime) {
  std::map<std::string, uint64_t> points;
  uint64_t plexes = 0;
  uint64_t resyncs = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    CrashScenario scenario(seed, kSteps);
    scenario.io().set_observer([&](const std::string& path, SimulatedOp op) { ++points[fault_point(path, op)]; });
    ASSERT_TRUE(scenario.live(~uint64_t{0})) << seed;
    plexes += scenario.plexes_filled();
    resyncs += scenario.resyncs_done();
    const std::shared_ptr<SimulatedDisk> disk = scenario.switch_off();
    disk->power_cut(seed, CrashPolicy::drop_all);
    ASSERT_EQ(scenario.recover_and_compare(disk, seed), "") << seed;
  }
  for (const char* name : {"area.punch", "base.punch", "base.truncate", "base.unlink", "image.open", "image.write",
                           "image.sync", "image.truncate", "checkpoint.rename", "journal.unlink", "area.unlink"}) {
    EXPECT_GT(points[name], 0u) << name;
  }
  EXPECT_GT(plexes, 10u);
  EXPECT_GT(resyncs, 10u);
}

}  // namespace
}  // namespace holdfast
