// What a gate promises: order, bursts, and that nothing accepted is dropped.

#include <deque>
#include <numeric>

#include "fake_lun.h"

namespace holdfast {
namespace {

class GateTest : public HoldTest {
 protected:
  /// Writes with the numbers first, first + 1, …
  void write_many(int first, int count) {
    for (int i = 0; i < count; ++i) lun().write(writes.emplace_back(first + i));
  }
  FakeLun& lun() { return *luns[0]; }
  static std::vector<int> numbers(int count) {
    std::vector<int> expected(static_cast<size_t>(count));
    std::iota(expected.begin(), expected.end(), 0);
    return expected;
  }

  std::deque<FakeWrite> writes;
};

TEST_F(GateTest, AnOpenGateLetsARequestPassAtOnce) {
  write_many(0, 3);
  EXPECT_EQ(lun().admitted, numbers(3));
  EXPECT_EQ(lun().gate().held_count(), 0u);
}

TEST_F(GateTest, AClosedGateQueuesRequestsAndLetsThemThroughInTheirOrder) {
  lun().gate().close();
  write_many(0, 100);
  run_until(loop.now() + kSecond);
  EXPECT_TRUE(lun().admitted.empty());
  EXPECT_EQ(lun().gate().held_count(), 100u);
  EXPECT_EQ(lun().gate().held_bytes(), 51200u);
  EXPECT_EQ(lun().gate().queued_total(), 100u);
  lun().gate().open();
  while (loop.turn(0)) {
  }
  EXPECT_EQ(lun().admitted, numbers(100));
  EXPECT_EQ(lun().gate().held_bytes(), 0u);
}

TEST_F(GateTest, WritesOfAProviderAreCountedApartFromOneClosingToTheNext) {
  lun().gate().close();
  write_many(0, 2);
  for (FakeWrite& write : writes) EXPECT_FALSE(write.of_provider);
  EXPECT_EQ(lun().gate().queued_of_provider(), 0u);
  FakeWrite own(2);
  own.of_provider = true;
  EXPECT_FALSE(lun().gate().pass(own));
  EXPECT_EQ(lun().gate().queued_of_provider(), 1u);
  lun().gate().withdraw(own);
  EXPECT_EQ(lun().gate().queued_of_provider(), 0u);
  EXPECT_FALSE(lun().gate().pass(own));
  lun().gate().open();
  while (loop.turn(0)) {
  }
  EXPECT_EQ(lun().gate().queued_of_provider(), 1u) << "until the gate is closed again";
  lun().gate().close();
  EXPECT_EQ(lun().gate().queued_of_provider(), 0u);
  lun().gate().open();
}

TEST_F(GateTest, OpeningLetsThrough256ATurnAndNewRequestsQueueBehind) {
  lun().gate().close();
  write_many(0, 600);
  lun().gate().open();
  EXPECT_TRUE(lun().admitted.empty());
  loop.turn(0);
  EXPECT_EQ(lun().admitted.size(), 256u);
  write_many(600, 10);
  EXPECT_EQ(lun().admitted.size(), 256u) << "a new request overtook those that had waited";
  loop.turn(0);
  EXPECT_EQ(lun().admitted.size(), 512u);
  loop.turn(0);
  EXPECT_EQ(lun().admitted, numbers(610));
  write_many(610, 1);
  EXPECT_EQ(lun().admitted, numbers(611)) << "an open gate without a queue does not delay";
}

TEST_F(GateTest, ClosingDuringTheReplayKeepsTheRestInOrder) {
  lun().gate().close();
  write_many(0, 400);
  lun().gate().open();
  loop.turn(0);
  lun().gate().close();
  EXPECT_EQ(lun().gate().queued_total(), 144u);
  write_many(400, 5);
  run_until(loop.now() + kSecond);
  EXPECT_EQ(lun().admitted.size(), 256u);
  lun().gate().open();
  while (loop.turn(0)) {
  }
  EXPECT_EQ(lun().admitted, numbers(405));
}

TEST_F(GateTest, AWithdrawnRequestIsNotLetThrough) {
  lun().gate().close();
  write_many(0, 3);
  lun().gate().withdraw(writes[1]);
  EXPECT_EQ(lun().gate().held_count(), 2u);
  EXPECT_EQ(lun().gate().held_bytes(), 1024u);
  lun().gate().open();
  while (loop.turn(0)) {
  }
  EXPECT_EQ(lun().admitted, (std::vector<int>{0, 2}));
}

TEST_F(GateTest, RequestsCanBeTakenOutOldestFirst) {
  lun().gate().close();
  write_many(0, 2);
  EXPECT_EQ(lun().gate().take_held(), &writes[0]);
  EXPECT_EQ(lun().gate().take_held(), &writes[1]);
  EXPECT_EQ(lun().gate().take_held(), nullptr);
  EXPECT_EQ(lun().gate().held_bytes(), 0u);
}

}  // namespace
}  // namespace holdfast
