// Requests hold their units: order, sharing, and that nobody waits for ever.

#include "array/unit_holds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <random>

#include "io/simulator.h"

namespace holdfast {
namespace {

struct Holder : UnitHolder {
  Holder(UnitIndex first, uint32_t count, bool alone) {
    first_unit = first;
    unit_count = count;
    exclusive = alone;
    run = [](Work* work) { static_cast<Holder*>(static_cast<UnitHolder*>(work))->running = true; };
  }
  bool running = false;
};

class UnitHoldsTest : public testing::Test {
 protected:
  ~UnitHoldsTest() override { io.drop_all(); }
  void acquire(Holder& holder) { holder.running = holds.acquire(holder); }
  void settle() {
    while (loop.turn(0)) {
    }
  }

  SimulatorIo io{std::make_shared<SimulatedDisk>(), 1};
  Loop loop{io};
  UnitHolds holds{loop};
};

TEST_F(UnitHoldsTest, ReadersShareAUnitAndAWriterHasItAlone) {
  Holder first(5, 2, false), second(6, 1, false), writer(6, 1, true), late_reader(6, 1, false);
  acquire(first);
  acquire(second);
  EXPECT_TRUE(first.running && second.running);
  acquire(writer);
  acquire(late_reader);
  EXPECT_FALSE(writer.running);
  EXPECT_FALSE(late_reader.running) << "a reader that comes after a waiting writer waits behind it";
  holds.release(first);
  settle();
  EXPECT_FALSE(writer.running);
  holds.release(second);
  EXPECT_FALSE(writer.running) << "granting never runs anybody inside release()";
  settle();
  EXPECT_TRUE(writer.running);
  EXPECT_FALSE(late_reader.running);
  holds.release(writer);
  settle();
  EXPECT_TRUE(late_reader.running);
  holds.release(late_reader);
  EXPECT_TRUE(holds.empty());
}

TEST_F(UnitHoldsTest, OverlappingRangesRunInTheOrderOfTheirRequests) {
  Holder a(0, 4, true), b(2, 4, true), c(0, 1, true), d(4, 8, true);
  acquire(a);
  acquire(b);
  acquire(c);
  acquire(d);
  holds.release(a);
  settle();
  EXPECT_TRUE(b.running);
  EXPECT_TRUE(c.running);
  EXPECT_FALSE(d.running);
  holds.release(b);
  settle();
  EXPECT_TRUE(d.running);
}

TEST_F(UnitHoldsTest, AllUnitsOfTheLargestLunCanBeNamed) {
  const auto last = static_cast<UnitIndex>(kLunBytesMax / kUnitBytes - 1);
  Holder writer(last, 1, true), reader(last, 1, false), below(0, 1, true);
  acquire(writer);
  acquire(reader);
  acquire(below);
  EXPECT_TRUE(below.running);
  EXPECT_FALSE(reader.running);
  EXPECT_TRUE(holds.is_held(last));
  EXPECT_FALSE(holds.is_held(last - 1));
}

// Each unit has a queue; a holder runs once, on all its units, nobody in front of it is in its way.
TEST_F(UnitHoldsTest, RandomRequestsAgreeWithAQueuePerUnit) {
  std::mt19937_64 random(3);
  std::map<UnitIndex, std::deque<Holder*>> queues;
  std::list<std::unique_ptr<Holder>> holders;
  auto may_run = [&](const Holder& holder) {
    for (uint32_t i = 0; i < holder.unit_count; ++i) {
      for (const Holder* before : queues[holder.first_unit + i]) {
        if (before == &holder) break;
        if (holder.exclusive || before->exclusive) return false;
      }
    }
    return true;
  };
  for (int step = 0; step < 8000; ++step) {
    const bool draining = step > 7600;
    if (!draining && random() % 2 == 0) {
      // Few units that collide often, and many that make the table grow and its probes long.
      const uint64_t unit = random() % 3 == 0 ? random() % 5000 * 64 : random() % 40;
      const uint64_t count = random() % 20 == 0 ? 200 : 1 + random() % 6;
      holders.push_back(
          std::make_unique<Holder>(static_cast<UnitIndex>(unit), static_cast<uint32_t>(count), random() % 3 != 0));
      Holder& added = *holders.back();
      for (uint32_t i = 0; i < added.unit_count; ++i) queues[added.first_unit + i].push_back(&added);
      acquire(added);
    } else if (!holders.empty()) {
      auto chosen = std::next(holders.begin(), static_cast<ptrdiff_t>(random() % std::min<size_t>(holders.size(), 30)));
      if (!(*chosen)->running) continue;
      holds.release(**chosen);
      for (uint32_t i = 0; i < (*chosen)->unit_count; ++i) {
        auto& queue = queues[(*chosen)->first_unit + i];
        queue.erase(std::find(queue.begin(), queue.end(), chosen->get()));
      }
      holders.erase(chosen);
    }
    settle();
    if (step % 16 != 0) continue;
    for (const auto& holder : holders) ASSERT_EQ(holder->running, may_run(*holder)) << "step " << step;
  }
  while (!holders.empty()) {
    ASSERT_TRUE(holders.front()->running) << "the oldest never waits for anybody";
    holds.release(*holders.front());
    holders.pop_front();
    settle();
  }
  EXPECT_TRUE(holds.empty());
}

}  // namespace
}  // namespace holdfast
