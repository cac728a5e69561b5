// Copies that are filled in full: what they hold, what they cost nobody, and every way in which they do not come about.

#include <gtest/gtest.h>

#include <random>

#include "array_fixture.h"

namespace holdfast {
namespace {

class PlexTest : public ArrayTest {
 protected:
  struct Taken {
    Guid set = Guid::random();
    ArmCopy ids;
  };

  Taken begin(const Guid& source, Status* status = nullptr) {
    Taken taken;
    taken.ids = ArmCopy{source, Guid::random(), Guid::random()};
    Status begun = machine().run(array().begin_plex(taken.set, 1, taken.ids));
    if (status != nullptr) {
      *status = begun;
    } else {
      EXPECT_TRUE(begun.ok()) << begun.message();
    }
    return taken;
  }
  static ArmRequest request_of(const Taken& taken, bool auto_release = false) {
    ArmRequest request;
    request.set = taken.set;
    request.owner = 1;
    request.auto_release = auto_release;
    request.copies = {taken.ids};
    return request;
  }
  Status arm(const Taken& taken) { return machine().run(array().arm_set(request_of(taken))); }
  /// From the arming to the created set.
  Status take(const Taken& taken) {
    Status status = arm(taken);
    if (!status.ok()) return status;
    capture(taken);
    status = machine().run(array().record_set(taken.set));
    if (status.ok()) status = machine().run(array().finish_set(taken.set, "note"));
    return status;
  }
  void capture(const Taken& taken) {
    TakenSet set;
    set.set = taken.set;
    Result<LeaseId> lease = hold_set(machine(), set, {taken.ids.source});
    ASSERT_TRUE(lease.ok()) << lease.status().message();
    ASSERT_TRUE(machine().leases().release(lease.value(), 1).ok());
  }
  Status await(const Taken& taken) { return machine().run(array().await_plex(taken.ids.copy)); }
  Status take_whole(const Taken& taken) {
    Status status = take(taken);
    return status.ok() ? await(taken) : status;
  }
  LunInfo info(const Guid& guid) { return *array().describe_lun(guid); }
  bool has_file(const std::string& directory, const Guid& guid) {
    FileStat stat;
    return machine().disk()->stat(std::string(Machine::kPath) + "/" + directory + "/" + guid.to_string(), &stat) == 0;
  }
  void expect_no_files(const Guid& guid) {
    EXPECT_FALSE(has_file("base", guid));
    EXPECT_FALSE(has_file("area", guid));
  }
};

TEST_F(PlexTest, ACopyInFullHoldsTheInstantAndSharesNothingWithItsSource) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(64 << 10, 1)).ok());
  ASSERT_TRUE(write(source, 512 << 10, pattern(4096, 2)).ok());
  const Taken taken = begin(source);
  ASSERT_TRUE(take_whole(taken).ok());
  EXPECT_TRUE(info(taken.ids.copy).is_plex);
  EXPECT_NE(info(taken.ids.copy).record.family, info(source).record.family);
  EXPECT_EQ(info(taken.ids.copy).record.snapshot, taken.ids.snapshot);
  settle();
  // Nobody reads the source's own units any more, so writes go in place.
  ASSERT_TRUE(write(source, 0, pattern(64 << 10, 9)).ok());
  EXPECT_EQ(info(source).area_bytes, 0u);
  EXPECT_EQ(read(taken.ids.copy, 0, 64 << 10), pattern(64 << 10, 1));
  EXPECT_EQ(read(taken.ids.copy, 512 << 10, 4096), pattern(4096, 2));
  EXPECT_EQ(read(taken.ids.copy, 256 << 10, 4096), pattern(4096, 0));
  expect_consistent();
}

TEST_F(PlexTest, ItOutlivesACloseAndAPowerCut) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(4096, 1)).ok());
  const Taken taken = begin(source);
  ASSERT_TRUE(take_whole(taken).ok());
  ASSERT_TRUE(write(source, 0, pattern(4096, 2)).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_TRUE(info(taken.ids.copy).is_plex);
  EXPECT_EQ(read(taken.ids.copy, 0, 4096), pattern(4096, 1));
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_TRUE(info(taken.ids.copy).is_plex);
  EXPECT_EQ(read(taken.ids.copy, 0, 4096), pattern(4096, 1));
  EXPECT_EQ(array().list_sets().size(), 1u);
}

TEST_F(PlexTest, ItMayBeWrittenToAndCopiedLikeAnyCopy) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(8192, 1)).ok());
  const Taken taken = begin(source);
  ASSERT_TRUE(take_whole(taken).ok());
  const TakenSet second = take_set(machine(), {taken.ids.copy});
  ASSERT_TRUE(second.status.ok()) << second.status.message();
  ASSERT_TRUE(write(taken.ids.copy, 0, pattern(4096, 7)).ok());
  EXPECT_EQ(read(second.copies[0], 0, 8192), pattern(8192, 1));
  EXPECT_EQ(read(taken.ids.copy, 0, 4096), pattern(4096, 7));
  EXPECT_EQ(read(source, 0, 4096), pattern(4096, 1));
  expect_consistent();
}

TEST_F(PlexTest, WritesWhileItIsFilledAreInTheCopyIfTheyCameBeforeTheInstant) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    machine_ = std::make_unique<Machine>(seed);
    ASSERT_TRUE(machine().create_array().ok());
    machine().disk()->set_clones(seed % 3 == 0);
    const Guid source = make_lun(4 << 20);
    std::vector<uint8_t> model(4 << 20);
    std::vector<Async> writes;
    const auto write_some = [&] {
      const uint64_t length = 512 * (1 + random() % 40);
      const uint64_t offset = random() % ((model.size() - length) / 512) * 512;
      const std::vector<uint8_t> bytes(length, static_cast<uint8_t>(1 + random() % 255));
      std::copy(bytes.begin(), bytes.end(), model.begin() + static_cast<ptrdiff_t>(offset));
      writes.push_back(start_write(lun(source), offset, bytes));
    };
    for (int i = 0; i < 60; ++i) write_some();
    const Taken taken = begin(source);
    Background<Status> armed(machine(), array().arm_set(request_of(taken)));
    while (!armed.is_done()) {
      if (random() % 4 == 0) write_some();
      machine().loop().turn(kNever);
    }
    ASSERT_TRUE(armed.result().ok()) << armed.result().message();
    for (int i = 0; i < 5; ++i) write_some();
    capture(taken);
    const std::vector<uint8_t> instant = model;
    for (int i = 0; i < 5; ++i) write_some();
    Background<Status> recorded(machine(), array().record_set(taken.set));
    const uint64_t copy_offset = random() % 1000 * 4096;
    bool wrote_to_copy = false;
    std::vector<uint8_t> expected = instant;
    Background<Status> whole(machine(), array().await_plex(taken.ids.copy));
    while (!recorded.is_done() || !whole.is_done()) {
      if (random() % 8 == 0) write_some();
      if (recorded.is_done() && !wrote_to_copy) {
        ASSERT_TRUE(recorded.result().ok());
        wrote_to_copy = true;
        writes.push_back(start_write(lun(taken.ids.copy), copy_offset, pattern(4096, 0xEE)));
        std::fill_n(expected.begin() + static_cast<ptrdiff_t>(copy_offset), 4096, uint8_t{0xEE});
      }
      machine().loop().turn(kNever);
    }
    ASSERT_TRUE(whole.result().ok()) << whole.result().message();
    for (const Async& one : writes) ASSERT_TRUE(finish(one).ok());
    EXPECT_TRUE(info(taken.ids.copy).is_plex);
    EXPECT_EQ(read(taken.ids.copy, 0, 4 << 20), wrote_to_copy ? expected : instant);
    EXPECT_EQ(read(source, 0, 4 << 20), model);
    expect_consistent();
  }
}

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

TEST_F(PlexTest, OnlyWhatHoldsDataTakesRoomAndTime) {
  const Guid source = make_lun(uint64_t{1} << 40);
  ASSERT_TRUE(write(source, uint64_t{512} << 30, pattern(1 << 20, 5)).ok());
  const uint64_t used = machine().disk()->used_bytes();
  const Taken taken = begin(source);
  EXPECT_EQ(array().plex_progress(taken.ids.copy)->total_bytes, 1u << 20);
  ASSERT_TRUE(take_whole(taken).ok());
  EXPECT_LE(machine().disk()->used_bytes(), used + (4 << 20));
  EXPECT_EQ(read(taken.ids.copy, uint64_t{512} << 30, 4096), pattern(4096, 5));
}

TEST_F(PlexTest, WhatTheFileSystemCanCloneIsNotCopied) {
  machine().disk()->set_clones(true);
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(1 << 20, 3)).ok());
  const Taken taken = begin(source);
  const uint64_t from = machine().io().operations();
  ASSERT_TRUE(take_whole(taken).ok());
  EXPECT_LT(machine().io().operations() - from, 60u);
  EXPECT_EQ(read(taken.ids.copy, 0, 1 << 20), pattern(1 << 20, 3));
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

TEST_F(PlexTest, ItsFilesGoWithItAndWithTheLastCopyOfIt) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(4096, 1)).ok());
  const Taken taken = begin(source);
  ASSERT_TRUE(take_whole(taken).ok());
  const TakenSet second = take_set(machine(), {taken.ids.copy});
  ASSERT_TRUE(second.status.ok());
  ASSERT_TRUE(machine().run(array().delete_copies({taken.ids.snapshot})).ok());
  settle();
  EXPECT_TRUE(has_file("base", taken.ids.copy));
  EXPECT_EQ(read(second.copies[0], 0, 4096), pattern(4096, 1));
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(read(second.copies[0], 0, 4096), pattern(4096, 1));
  ASSERT_TRUE(machine().run(array().delete_copies(second.snapshots)).ok());
  settle();
  expect_no_files(taken.ids.copy);
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(array().list_luns().size(), 1u);
}

TEST_F(PlexTest, BrokenOffItOutlivesItsSource) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(4096, 1)).ok());
  const Taken taken = begin(source);
  ASSERT_TRUE(take_whole(taken).ok());
  ASSERT_TRUE(machine().run(array().break_copies({taken.ids.snapshot})).ok());
  ASSERT_TRUE(machine().run(array().delete_lun(source)).ok());
  settle();
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(read(taken.ids.copy, 0, 4096), pattern(4096, 1));
  ASSERT_TRUE(machine().run(array().delete_lun(taken.ids.copy)).ok());
  settle();
  expect_no_files(taken.ids.copy);
}

TEST_F(PlexTest, ALunThatIsBeingFilledFromIsLeftAlone) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(4096, 1)).ok());
  const TakenSet earlier = take_set(machine(), {source});
  const Taken taken = begin(source);
  EXPECT_EQ(machine().run(array().grow_lun(source, 2 << 20)).code(), Code::lun_in_use);
  EXPECT_EQ(machine().run(array().revert_lun(source, earlier.copies[0])).code(), Code::lun_in_use);
  EXPECT_EQ(arm_copies(machine(), {source}).status.code(), Code::snapshot_set_in_progress);
  ASSERT_TRUE(take_whole(taken).ok());
  EXPECT_TRUE(machine().run(array().revert_lun(source, earlier.copies[0])).ok());
  // Another family: there is nothing to share.
  EXPECT_EQ(machine().run(array().revert_lun(source, taken.ids.copy)).code(), Code::invalid_argument);
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

TEST_F(PlexTest, AWalkOverTheCopyIsNotInterrupted) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(1 << 20, 1)).ok());
  const Taken taken = begin(source);
  ASSERT_TRUE(take(taken).ok());
  const Result<WalkId> walk = array().begin_walk(1, Guid(), taken.ids.copy);
  ASSERT_TRUE(walk.ok());
  settle();
  EXPECT_FALSE(info(taken.ids.copy).is_plex);
  EXPECT_EQ(machine().run(array().continue_walk(1, walk.value(), 100)).take(), (std::vector<Extent>{{0, 1 << 20}}));
  array().end_walk(1, walk.value());
  ASSERT_TRUE(await(taken).ok());
  EXPECT_TRUE(info(taken.ids.copy).is_plex);
}

TEST_F(PlexTest, RequestsThatComeWhileTheCopyMovesAreAnswered) {
  const Guid source = make_lun();
  ASSERT_TRUE(write(source, 0, pattern(1 << 20, 1)).ok());
  const Taken taken = begin(source);
  ASSERT_TRUE(take(taken).ok());
  const std::shared_ptr<Lun> copy = array().find_lun(taken.ids.copy);
  Background<Status> whole(machine(), array().await_plex(taken.ids.copy));
  std::vector<Async> reads;
  for (uint64_t offset = 0; !whole.is_done(); offset = (offset + 4096) % (1 << 20)) {
    reads.push_back(start_read(*copy, offset, 4096));
    machine().loop().turn(kNever);
  }
  ASSERT_TRUE(whole.result().ok());
  for (const Async& one : reads) {
    ASSERT_TRUE(finish(one).ok());
    EXPECT_EQ(std::vector<uint8_t>(one->data, one->data + 4096), pattern(4096, 1));
  }
}

}  // namespace
}  // namespace holdfast
