// Copies that are filled in full: what they hold, and what they cost nobody.

#include <random>

#include "plex_fixture.h"

namespace holdfast {
namespace {

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
