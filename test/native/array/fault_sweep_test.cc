// A fault at every step of an array's life, on each kind of file: nothing that was acknowledged is lost, every failure
// has a type, and the array can always be closed and opened again.

#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "fault_life.h"
#include "fault_points.h"

namespace holdfast {
namespace {

struct Trouble {
  const char* name;
  int error_number;
  uint64_t short_bytes;
  Instant delay;
  bool stops_here;
  uint64_t count;
};
constexpr Trouble kTroubles[] = {
    {"Eio", EIO, 0, 0, false, 1},       {"EioForever", EIO, 0, 0, false, Fault::kForever},
    {"Enospc", ENOSPC, 0, 0, false, 1}, {"EnospcForever", ENOSPC, 0, 0, false, Fault::kForever},
    {"Short", 0, 512, 0, false, 1},     {"Delay", 0, 0, 100 * kMillisecond, false, 1},
    {"Stop", 0, 0, 0, true, 1},
};

using Points = std::map<std::string, uint64_t>;

void count_points(SimulatorIo& io, Points& points) {
  io.set_observer([&points](const std::string& path, SimulatedOp op) {
    const std::string name = fault_point(path, op);
    EXPECT_NE(name, "") << path << " has an operation without a name";
    ++points[name];
  });
}

/// How often each fault point is come to in a life without faults, or in the opening that follows a power cut.
Points points_of_a_life(bool in_recovery) {
  Points points;
  FaultLife life(std::make_shared<SimulatedDisk>());
  if (!in_recovery) count_points(life.machine().io(), points);
  life.live();
  if (in_recovery) {
    life.cut_power_and_open(CrashPolicy::keep_all, [&](SimulatorIo& io) { count_points(io, points); });
  }
  EXPECT_EQ(life.broken(), "");
  EXPECT_EQ(life.failures(), 0u);
  life.settle(CrashPolicy::drop_all);
  EXPECT_EQ(life.broken(), "");
  return points;
}

TEST(FaultPoints, ALifeMeetsEveryKindOfFileAtEveryStepAndEachHasAName) {
  Points points = points_of_a_life(false);
  points.merge(points_of_a_life(true));
  for (const char* name : {"base.open",
                           "base.write",
                           "base.read",
                           "base.sync",
                           "base.truncate",
                           "base.punch",
                           "base.find_data",
                           "base.close",
                           "base.unlink",
                           "area.open",
                           "area.write",
                           "area.read",
                           "area.sync",
                           "area.allocate",
                           "area.stat",
                           "area.close",
                           "area.unlink",
                           "journal.open",
                           "journal.write",
                           "journal.read",
                           "journal.sync",
                           "journal.allocate",
                           "journal.stat",
                           "journal.close",
                           "journal.unlink",
                           "checkpoint.open",
                           "checkpoint.write",
                           "checkpoint.sync",
                           "checkpoint.rename",
                           "checkpoint.read",
                           "checkpoint.stat",
                           "checkpoint.close",
                           "checkpoint.unlink",
                           "manifest.write",
                           "manifest.sync",
                           "manifest.rename",
                           "manifest.read_small",
                           "lock.open",
                           "lock.lock",
                           "lock.write",
                           "lock.truncate",
                           "lock.close",
                           "reserve.open",
                           "reserve.allocate",
                           "reserve.truncate",
                           "image.open",
                           "image.lock",
                           "image.stat",
                           "image.write",
                           "image.read",
                           "image.sync",
                           "image.close",
                           "array.list",
                           "array.sync_directory",
                           "array.make_directory",
                           "bases.sync_directory",
                           "areas.sync_directory",
                           "probe.write",
                           "parent.sync_directory"}) {
    EXPECT_EQ(points.count(name), 1u) << name;
  }
}

class FaultSweepTest : public testing::TestWithParam<Trouble> {
 protected:
  static constexpr uint64_t kTimesOfAPoint = 12;

  /// Calls with a rule for each point that the trouble is possible at, and for its times one after the other.
  template <typename Function>
  void for_each_rule(bool in_recovery, Function function) {
    const Trouble& trouble = GetParam();
    for (const auto& [name, times] : points_of_a_life(in_recovery)) {
      const bool transfers = name.ends_with(".read") || name.ends_with(".write");
      if (trouble.short_bytes != 0 && !transfers) continue;
      const uint64_t stride = times / kTimesOfAPoint + 1;
      for (uint64_t nth = 1; nth <= times; nth += stride) {
        Fault fault = fault_at(name);
        fault.nth = nth;
        fault.count = trouble.count;
        fault.error_number = trouble.error_number;
        fault.short_bytes = trouble.short_bytes;
        fault.delay = trouble.delay;
        fault.stops_here = trouble.stops_here;
        const std::string what = std::string(trouble.name) + " at " + name + ", time " + std::to_string(nth);
        function(fault, nth % 2 == 0 ? CrashPolicy::drop_all : CrashPolicy::random_sectors, what);
        if (HasFatalFailure()) return;
      }
    }
  }
};

TEST_P(FaultSweepTest, InALifeNothingAcknowledgedIsLostAndTheArrayCanBeClosedAndOpenedAgain) {
  uint64_t lives = 0;
  uint64_t hits = 0;
  for_each_rule(false, [&](const Fault& fault, CrashPolicy policy, const std::string& what) {
    FaultLife life(std::make_shared<SimulatedDisk>());
    const size_t rule = life.machine().io().add_fault(fault);
    life.live();
    hits += life.machine().io().fault_hits(rule) > 0 ? 1 : 0;
    const uint64_t failures = life.failures();
    life.settle(policy);
    ASSERT_EQ(life.broken(), "") << what;
    if (fault.error_number == 0) {
      ASSERT_EQ(failures, 0u) << what << " is no failure";
    }
    ++lives;
  });
  EXPECT_GT(hits, lives / 2);
}

TEST_P(FaultSweepTest, InARecoveryTheArrayIsOpenedOrRefusedAndNothingAcknowledgedIsLost) {
  uint64_t lives = 0;
  uint64_t hits = 0;
  for_each_rule(true, [&](const Fault& fault, CrashPolicy policy, const std::string& what) {
    FaultLife life(std::make_shared<SimulatedDisk>());
    life.live();
    size_t rule = 0;
    life.cut_power_and_open(CrashPolicy::keep_all, [&](SimulatorIo& io) { rule = io.add_fault(fault); });
    hits += life.machine().io().fault_hits(rule) > 0 ? 1 : 0;
    const uint64_t failures = life.failures();
    life.settle(policy);
    ASSERT_EQ(life.broken(), "") << what;
    if (fault.error_number == 0) {
      ASSERT_EQ(failures, 0u) << what << " is no failure";
    }
    ++lives;
  });
  EXPECT_GT(hits, lives / 2);
}

INSTANTIATE_TEST_SUITE_P(Troubles, FaultSweepTest, testing::ValuesIn(kTroubles),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace holdfast
