// Copies that were to be filled in full: every way in which they do not come about, and what is left then.

#include "plex_fixture.h"

namespace holdfast {
namespace {

TEST_F(PlexTest, WithoutRoomItIsRefusedAndLeavesNothing) {
  const Guid source = make_lun(8 << 20);
  ASSERT_TRUE(write(source, 0, pattern(4 << 20, 1)).ok());
  const uint64_t used = machine().disk()->used_bytes();
  machine().disk()->set_capacity_bytes(used + (2 << 20));
  Status status;
  const Taken taken = begin(source, &status);
  EXPECT_EQ(status.code(), Code::insufficient_storage) << status.message();
  settle();
  expect_no_files(taken.ids.copy);
  EXPECT_FALSE(array().plex_progress(taken.ids.copy).has_value());
  machine().disk()->set_capacity_bytes(~uint64_t{0});
  EXPECT_TRUE(take_set(machine(), {source}).status.ok());
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(read(source, 0, 4096), pattern(4096, 1));
}

TEST_F(PlexTest, AnAbortedSetLeavesNothingOfIt) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(4096, 1)).ok());
  const Taken before_arming = begin(source);
  ASSERT_TRUE(machine().run(array().abort_set(before_arming.set)).ok());
  settle();
  expect_no_files(before_arming.ids.copy);

  const Taken armed = begin(source);
  ASSERT_TRUE(arm(armed).ok());
  ASSERT_TRUE(machine().run(array().abort_set(armed.set)).ok());
  settle();
  expect_no_files(armed.ids.copy);

  const Taken captured = begin(source);
  ASSERT_TRUE(arm(captured).ok());
  capture(captured);
  ASSERT_TRUE(machine().run(array().abort_set(captured.set)).ok());
  settle();
  expect_no_files(captured.ids.copy);
  EXPECT_TRUE(machine().run(array().grow_lun(source, 2 << 20)).ok());
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(array().list_luns().size(), 1u);
}

TEST_F(PlexTest, TheDeathOfItsOwnerEndsIt) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(4096, 1)).ok());
  const Taken taken = begin(source);
  array().owner_died(1);
  settle();
  expect_no_files(taken.ids.copy);
  EXPECT_EQ(arm(taken).code(), Code::ok);  // an ordinary copy, as nobody fills it
}

TEST_F(PlexTest, WhereverThePowerFailsTheCopyIsWholeOrAbsentAndNoFileIsLeftOver) {
  for (uint64_t stop = 1;; stop += 3) {
    machine_ = std::make_unique<Machine>(stop);
    ASSERT_TRUE(machine().create_array().ok());
    const Guid source = make_lun(256 << 10);
    ASSERT_TRUE(write(source, 0, pattern(128 << 10, 1)).ok());
    ASSERT_TRUE(flush(source).ok());
    Taken taken;
    taken.ids = ArmCopy{source, Guid::random(), Guid::random()};
    machine().io().set_stop_after(machine().io().operations() + stop);
    bool is_created = false;
    bool is_complete = false;
    const auto go = [&]() -> Task<Status> {
      Status status = co_await array().begin_plex(taken.set, 1, taken.ids);
      if (!status.ok()) co_return status;
      status = co_await array().arm_set(request_of(taken));
      co_return status;
    };
    std::optional<Status> armed = machine().try_run(go());
    if (armed.has_value()) {
      ASSERT_TRUE(armed->ok());
      std::optional<Result<LeaseId>> lease;
      array().hold(taken.set, 1, {source}, 10 * kSecond, false, [&](Result<LeaseId> result) { lease = result; });
      while (!lease.has_value() && !machine().io().stopped()) machine().loop().turn(kNever);
      if (lease.has_value() && lease->ok()) {
        (void)machine().leases().release(lease->value(), 1);
        std::optional<Status> done = machine().try_run(array().record_set(taken.set));
        if (done.has_value()) done = machine().try_run(array().finish_set(taken.set, "note"));
        is_created = done.has_value() && done->ok();
        if (is_created) done = machine().try_run(array().await_plex(taken.ids.copy));
        is_complete = is_created && done.has_value() && done->ok();
      }
    }
    const bool went_through = !machine().io().stopped();
    ASSERT_TRUE(cut_power_and_open(static_cast<CrashPolicy>(stop % 3), stop).ok()) << "stop " << stop;
    settle();
    EXPECT_EQ(read(source, 0, 128 << 10), pattern(128 << 10, 1));
    const std::shared_ptr<Lun> copy = array().find_lun(taken.ids.copy);
    ASSERT_TRUE(copy != nullptr || !is_created) << "stop " << stop;
    EXPECT_TRUE(!is_complete || info(taken.ids.copy).is_plex) << "stop " << stop;
    if (copy != nullptr) {
      EXPECT_EQ(read(taken.ids.copy, 0, 128 << 10), pattern(128 << 10, 1)) << "stop " << stop;
    }
    if (copy == nullptr || !info(taken.ids.copy).is_plex) expect_no_files(taken.ids.copy);
    expect_consistent();
    if (went_through) break;
  }
}

TEST_F(PlexTest, DeletedWhileItIsFilledItIsGone) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(1 << 20, 1)).ok());
  const Taken taken = begin(source);
  ASSERT_TRUE(take(taken).ok());
  ASSERT_TRUE(machine().run(array().delete_copies({taken.ids.snapshot})).ok());
  settle();
  EXPECT_EQ(array().find_lun(taken.ids.copy), nullptr);
  expect_no_files(taken.ids.copy);
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(array().list_luns().size(), 1u);
}

TEST_F(PlexTest, ClosingWhileItIsFilledLeavesADifferentialCopy) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(1 << 20, 1)).ok());
  const Taken taken = begin(source);
  ASSERT_TRUE(arm(taken).ok());
  ASSERT_TRUE(write(source, 0, pattern(64 << 10, 2)).ok());
  delay(SimulatedOp::write, "*/base/" + taken.ids.copy.to_string(), 10 * kSecond);
  capture(taken);
  ASSERT_TRUE(machine().run(array().record_set(taken.set)).ok());
  ASSERT_TRUE(machine().run(array().finish_set(taken.set, "note")).ok());
  ASSERT_TRUE(close_and_open().ok());
  settle();
  EXPECT_FALSE(info(taken.ids.copy).is_plex);
  EXPECT_EQ(read(taken.ids.copy, 0, 64 << 10), pattern(64 << 10, 2));
  EXPECT_EQ(read(taken.ids.copy, 64 << 10, 64 << 10), pattern(64 << 10, 1));
  expect_no_files(taken.ids.copy);
}

TEST_F(PlexTest, AWriteErrorGivesUpThePlexAndKeepsTheCopy) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(1 << 20, 1)).ok());
  const Taken taken = begin(source);
  ASSERT_TRUE(arm(taken).ok());
  ASSERT_TRUE(write(source, 0, pattern(64 << 10, 2)).ok());
  fail(SimulatedOp::write, "*/base/" + taken.ids.copy.to_string(), EIO);
  capture(taken);
  ASSERT_TRUE(machine().run(array().record_set(taken.set)).ok());
  ASSERT_TRUE(machine().run(array().finish_set(taken.set, "note")).ok());
  EXPECT_EQ(await(taken).error_number(), EIO);
  settle();
  const LunInfo given_up = info(taken.ids.copy);
  EXPECT_FALSE(given_up.is_plex);
  ASSERT_TRUE(given_up.plex.has_value());
  EXPECT_EQ(given_up.plex->failure.error_number(), EIO);
  EXPECT_EQ(read(taken.ids.copy, 0, 64 << 10), pattern(64 << 10, 2));
  expect_no_files(taken.ids.copy);
}

TEST_F(PlexTest, AFailureWhileTheSourceIsReadFailsTheSet) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(1 << 20, 1)).ok());
  const Taken taken = begin(source);
  fail(SimulatedOp::write, "*/base/" + taken.ids.copy.to_string(), EIO);
  const Status status = arm(taken);
  EXPECT_EQ(status.error_number(), EIO) << status.message();
  settle();
  expect_no_files(taken.ids.copy);
  EXPECT_FALSE(array().plex_progress(taken.ids.copy).has_value());
  EXPECT_TRUE(take_set(machine(), {source}).status.ok());
}

TEST_F(PlexTest, AFailureBetweenArmingAndTheInstantFailsTheSet) {
  const Guid source = make_lun(256 << 20);
  ASSERT_TRUE(write(source, 0, pattern(1 << 20, 1)).ok());
  const Taken taken = begin(source);
  ASSERT_TRUE(arm(taken).ok());
  fail(SimulatedOp::write, "*/base/" + taken.ids.copy.to_string(), EIO);
  // So much that it is read again before the instant.
  for (uint64_t offset = 0; offset < Plex::kDirtyBytesMax + (8 << 20); offset += 8 << 20) {
    ASSERT_TRUE(write(source, offset, pattern(8 << 20, 2)).ok());
  }
  settle();
  TakenSet set;
  set.set = taken.set;
  const Result<LeaseId> lease = hold_set(machine(), set, {source});
  ASSERT_FALSE(lease.ok());
  EXPECT_EQ(lease.status().error_number(), EIO) << lease.status().message();
  ASSERT_TRUE(machine().run(array().abort_set(taken.set)).ok());
  settle();
  expect_no_files(taken.ids.copy);
  EXPECT_TRUE(take_set(machine(), {source}).status.ok());
}

}  // namespace
}  // namespace holdfast
