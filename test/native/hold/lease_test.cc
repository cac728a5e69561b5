// How a hold begins and every way it ends.

#include "fake_lun.h"

namespace holdfast {
namespace {

using LeaseTest = HoldTest;

TEST_F(LeaseTest, AllGatesCloseAndTheInstantIsTakenInsideTheCall) {
  const Instant before = loop.now();
  const LeaseId lease = hold({0, 1, 2});
  EXPECT_EQ(instants, 1);
  for (const auto& lun : luns) {
    EXPECT_TRUE(lun->gate().closed());
    EXPECT_TRUE(leases.is_held(*lun));
    EXPECT_EQ(leases.lease_of(*lun), lease);
  }
  EXPECT_EQ(loop.now(), before);
}

TEST_F(LeaseTest, ReleasingInTimeSaysHeldThroughoutAndOpensEveryGate) {
  const LeaseId lease = hold({0, 1});
  const Instant held_at = loop.now();
  FakeWrite write(1);
  luns[0]->write(write);
  luns[1]->in_flight = 0;
  run_until(held_at + kSecond);
  Result<Verdict> verdict = leases.release(lease, 1);
  ASSERT_TRUE(verdict.ok());
  EXPECT_TRUE(verdict.value().held_throughout);
  EXPECT_EQ(verdict.value().ended_by, EndedBy::release);
  EXPECT_EQ(verdict.value().held_at, held_at);
  EXPECT_EQ(verdict.value().instant_at, held_at);
  EXPECT_EQ(verdict.value().released_at, held_at + kSecond);
  ASSERT_EQ(verdict.value().luns.size(), 2u);
  EXPECT_EQ(verdict.value().luns[0].name, "LUN a");
  EXPECT_EQ(verdict.value().luns[0].writes_queued, 1u);
  EXPECT_EQ(verdict.value().luns[1].writes_queued, 0u);
  EXPECT_EQ(verdict.value().luns[0].lun, nullptr) << "the verdict outlives the LUN";
  EXPECT_FALSE(luns[0]->gate().closed());
  EXPECT_FALSE(leases.is_held(*luns[0]));
  EXPECT_EQ(verdicts.size(), 1u);
}

TEST_F(LeaseTest, TheDeadlineFiresOnTheVirtualClockAndNotANanosecondBefore) {
  hold({0, 1});
  const Instant deadline = loop.now() + 10 * kSecond;
  FakeWrite write(1);
  luns[0]->write(write);
  run_until(deadline - 1);
  EXPECT_TRUE(luns[0]->gate().closed());
  EXPECT_TRUE(verdicts.empty());
  run_until(deadline);
  EXPECT_FALSE(luns[0]->gate().closed());
  EXPECT_FALSE(luns[1]->gate().closed());
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].ended_by, EndedBy::deadline);
  EXPECT_EQ(verdicts[0].released_at, deadline);
  EXPECT_EQ(luns[0]->admitted, std::vector<int>{1});
}

TEST_F(LeaseTest, ReleasingAfterTheDeadlineGivesAVerdictThatIsNotHeldThroughout) {
  const LeaseId lease = hold({0});
  run_until(loop.now() + 11 * kSecond);
  Result<Verdict> verdict = leases.release(lease, 1);
  ASSERT_TRUE(verdict.ok());
  EXPECT_FALSE(verdict.value().held_throughout);
  EXPECT_EQ(verdict.value().ended_by, EndedBy::deadline);
  EXPECT_EQ(leases.release(lease, 1).status().code(), Code::lease_expired) << "a verdict is given once";
  EXPECT_EQ(verdicts.size(), 1u);
}

TEST_F(LeaseTest, AnUnknownOrForeignLeaseIsExpiredAndEndsNothing) {
  const LeaseId lease = hold({0}, 1);
  EXPECT_EQ(leases.release(lease + 1, 1).status().code(), Code::lease_expired);
  EXPECT_EQ(leases.release(lease, 2).status().code(), Code::lease_expired);
  EXPECT_TRUE(luns[0]->gate().closed());
  EXPECT_TRUE(leases.release(lease, 1).ok());
}

TEST_F(LeaseTest, ASecondHoldOnOneLunIsRefusedAndTouchesNoOtherLun) {
  const LeaseId lease = hold({1});
  leases.hold(request({0, 1}));
  ASSERT_EQ(held.size(), 2u);
  EXPECT_EQ(held[1].status().code(), Code::snapshot_set_in_progress);
  EXPECT_NE(held[1].status().message().find("LUN b"), std::string::npos);
  EXPECT_FALSE(luns[0]->gate().closed());
  EXPECT_EQ(instants, 1);
  EXPECT_TRUE(leases.release(lease, 1).value().held_throughout);
  hold({0, 1});
}

TEST_F(LeaseTest, TheDeathOfTheOwnerEndsItsHoldsAndForgetsThem) {
  const LeaseId first = hold({0}, 7);
  const LeaseId other = hold({1}, 8);
  const LeaseId ended_before = hold({2}, 7);
  leases.forget(*luns[2]);
  leases.owner_died(7);
  EXPECT_FALSE(luns[0]->gate().closed());
  EXPECT_TRUE(luns[1]->gate().closed());
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[1].ended_by, EndedBy::owner);
  EXPECT_FALSE(verdicts[1].held_throughout);
  EXPECT_EQ(leases.release(first, 7).status().code(), Code::lease_expired);
  EXPECT_EQ(leases.release(ended_before, 7).status().code(), Code::lease_expired);
  EXPECT_TRUE(leases.release(other, 8).value().held_throughout);
}

TEST_F(LeaseTest, AClosingLunEndsTheHoldForAllItsLuns) {
  const LeaseId lease = hold({0, 1, 2});
  leases.forget(*luns[1]);
  for (const auto& lun : luns) EXPECT_FALSE(lun->gate().closed());
  Result<Verdict> verdict = leases.release(lease, 1);
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict.value().ended_by, EndedBy::closed);
  EXPECT_FALSE(verdict.value().held_throughout);
}

TEST_F(LeaseTest, AnAbortedSetLosesItsHoldAndNoOtherSetDoes) {
  const Guid set = Guid::random();
  leases.hold(request({0}, 1, set));
  hold({1});
  leases.end_holds_of(set);
  EXPECT_FALSE(luns[0]->gate().closed());
  EXPECT_TRUE(luns[1]->gate().closed());
  EXPECT_EQ(leases.release(held[0].value(), 1).value().ended_by, EndedBy::closed);
}

TEST_F(LeaseTest, WhatEndedIsToldBeforeAnyGateOpens) {
  for (const char* way : {"release", "deadline", "owner", "closed", "aborted"}) {
    bool all_closed = false;
    int calls = 0;
    HoldRequest watched = request({0, 1, 2});
    const Guid set = watched.set;
    watched.ended = [&](const Verdict&) {
      ++calls;
      all_closed = luns[0]->gate().closed() && luns[1]->gate().closed() && luns[2]->gate().closed();
    };
    leases.hold(std::move(watched));
    const LeaseId lease = held.back().value();
    if (way == std::string("release")) (void)leases.release(lease, 1);
    if (way == std::string("deadline")) run_until(loop.now() + 11 * kSecond);
    if (way == std::string("owner")) leases.owner_died(1);
    if (way == std::string("closed")) leases.forget(*luns[2]);
    if (way == std::string("aborted")) leases.end_holds_of(set);
    EXPECT_TRUE(all_closed) << way;
    EXPECT_EQ(calls, 1) << way;
    (void)leases.release(lease, 1);
    EXPECT_EQ(calls, 1) << way;
    EXPECT_FALSE(luns[0]->gate().closed()) << way;
  }
}

TEST_F(LeaseTest, AnInstantThatFailsEndsTheHoldAndIsWhatTheCallerHears) {
  at_instant = Status(Code::bad_state, "not armed");
  leases.hold(request({0, 1}));
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].status().code(), Code::bad_state);
  EXPECT_FALSE(luns[0]->gate().closed());
  EXPECT_EQ(verdicts.size(), 1u);
  at_instant = Status();
  hold({0, 1});
}

struct DrainTest : HoldTest {
  void drain_hold(std::vector<size_t> indices, OwnerId owner = 1) {
    HoldRequest made = request(std::move(indices), owner);
    made.await_writes_in_flight = true;
    leases.hold(std::move(made));
  }
};

TEST_F(DrainTest, TheInstantComesWithTheLastWriteInFlightOfTheLastLun) {
  luns[0]->in_flight = 3;
  luns[1]->in_flight = 1;
  drain_hold({0, 1, 2});
  EXPECT_TRUE(luns[2]->gate().closed()) << "gates close at once, also where nothing is in flight";
  EXPECT_TRUE(held.empty());
  run_until(loop.now() + kSecond);
  luns[1]->complete_writes();
  EXPECT_EQ(instants, 0);
  luns[0]->complete_writes();
  EXPECT_EQ(instants, 1);
  ASSERT_EQ(held.size(), 1u);
  Result<Verdict> verdict = leases.release(held[0].value(), 1);
  EXPECT_TRUE(verdict.value().held_throughout);
  EXPECT_EQ(verdict.value().instant_at - verdict.value().held_at, kSecond);
  EXPECT_EQ(verdict.value().luns[0].writes_in_flight_at_hold, 3u);
}

TEST_F(DrainTest, WritesThatDoNotCompleteInTimeAreNamedWithTheirLunAndCount) {
  luns[0]->in_flight = 3;
  drain_hold({0, 1});
  run_until(loop.now() + 10 * kSecond);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].status().code(), Code::hold_writes_timeout);
  EXPECT_NE(held[0].status().message().find("LUN a: 3 writes"), std::string::npos) << held[0].status().message();
  EXPECT_EQ(held[0].status().message().find("LUN b"), std::string::npos);
  EXPECT_EQ(instants, 0);
  EXPECT_EQ(verdicts.size(), 1u);
  EXPECT_FALSE(luns[1]->gate().closed());
  luns[0]->complete_writes();
  EXPECT_EQ(instants, 0) << "a hold that has ended takes no instant";
}

TEST_F(DrainTest, AHoldThatIsStillDrainingCannotBeReleased) {
  luns[0]->in_flight = 1;
  drain_hold({0});
  EXPECT_EQ(leases.release(leases.lease_of(*luns[0]), 1).status().code(), Code::lease_expired);
  EXPECT_TRUE(luns[0]->gate().closed());
  luns[0]->complete_writes();
  ASSERT_EQ(held.size(), 1u);
  EXPECT_TRUE(leases.release(held[0].value(), 1).value().held_throughout);
}

TEST_F(DrainTest, OwnerDeathAndClosingWhileDrainingAnswerTheCallOnce) {
  luns[0]->in_flight = 1;
  drain_hold({0, 1}, 7);
  leases.owner_died(7);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].status().code(), Code::lease_expired);
  EXPECT_FALSE(luns[1]->gate().closed());
  drain_hold({0, 1}, 7);
  leases.forget(*luns[1]);
  ASSERT_EQ(held.size(), 2u);
  EXPECT_EQ(held[1].status().code(), Code::lease_expired);
  luns[0]->complete_writes();
  EXPECT_EQ(held.size(), 2u);
  EXPECT_EQ(instants, 0);
  EXPECT_EQ(verdicts.size(), 2u);
}

TEST_F(DrainTest, TheAnswerMayAskForTheNextHoldAtOnce) {
  luns[0]->in_flight = 1;
  HoldRequest first = request({0});
  first.await_writes_in_flight = true;
  first.held = [&](Result<LeaseId> result) {
    EXPECT_FALSE(result.ok());
    leases.hold(request({0}));
  };
  leases.hold(std::move(first));
  run_until(loop.now() + 10 * kSecond);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_TRUE(leases.release(held[0].value(), 1).value().held_throughout);
}

TEST_F(LeaseTest, TheBudgetOfHeldBytesIsSharedByAllLunsAndComesBack) {
  leases.set_held_bytes_max(1000);
  EXPECT_TRUE(leases.take_held(600));
  EXPECT_FALSE(leases.take_held(401));
  EXPECT_TRUE(leases.take_held(400));
  leases.give_back_held(600);
  EXPECT_TRUE(leases.take_held(600));
}

}  // namespace
}  // namespace holdfast
