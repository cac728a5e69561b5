#include "array/dirty_log.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "io/simulator.h"

namespace holdfast {
namespace {

TEST(DirtyLog, GivesBackWhatWasMarkedInRunsAndForgetsIt) {
  DirtyLog log;
  log.mark(10, 5);
  log.mark(12, 6);
  log.mark(5000, 1);
  EXPECT_EQ(log.unit_count(), 9u);
  UnitIndex first = 0;
  uint32_t count = 0;
  ASSERT_TRUE(log.take(0, 3, &first, &count));
  EXPECT_EQ(first, 10u);
  EXPECT_EQ(count, 3u);
  ASSERT_TRUE(log.take(first + count, 100, &first, &count));
  EXPECT_EQ(first, 13u);
  EXPECT_EQ(count, 5u);
  ASSERT_TRUE(log.take(6000, 100, &first, &count));
  EXPECT_EQ(first, 5000u);
  EXPECT_FALSE(log.take(0, 100, &first, &count));
  EXPECT_EQ(log.unit_count(), 0u);
}

TEST(DirtyLog, IsASetOfUnitsWhateverIsMarkedAndCleared) {
  std::mt19937 random(3);
  DirtyLog log;
  std::set<UnitIndex> model;
  for (int round = 0; round < 2000; ++round) {
    const UnitIndex first = random() % 20000;
    const uint32_t count = 1 + random() % 50;
    const bool marks = random() % 3 != 0;
    marks ? log.mark(first, count) : log.clear(first, count);
    for (UnitIndex unit = first; unit < first + count; ++unit)
      marks ? (void)model.insert(unit) : (void)model.erase(unit);
    ASSERT_EQ(log.unit_count(), model.size());
  }
  UnitIndex first = 0;
  uint32_t count = 0;
  UnitIndex from = 0;
  for (auto unit = model.begin(); unit != model.end();) {
    ASSERT_TRUE(log.take(from, 1u << 20, &first, &count));
    for (uint32_t i = 0; i < count; ++i, ++unit) ASSERT_EQ(*unit, first + i);
    from = first + count;
  }
  EXPECT_FALSE(log.take(0, 1, &first, &count));
}

TEST(DirtyLog, TellsOnceWhenMoreThanSoManyAreMarked) {
  SimulatorIo io(std::make_shared<SimulatedDisk>(), 1);
  Loop loop(io);
  Event event(loop);
  int told = 0;
  const auto listen = [&]() -> Task<void> {
    for (;;) {
      co_await event.wait();
      ++told;
    }
  };
  loop.spawn(listen());
  const auto settle = [&] {
    while (loop.turn(0)) {
    }
  };
  settle();
  DirtyLog log;
  log.notify_above(4, event);
  log.mark(0, 4);
  settle();
  EXPECT_EQ(told, 0);
  log.mark(100, 10);
  settle();
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace holdfast
