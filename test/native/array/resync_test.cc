// A LUN that gets the bytes of a shadow copy: what it holds afterwards, what is known of it, and what a crash leaves.

#include "array/resync.h"

#include <algorithm>
#include <random>

#include "array_fixture.h"

namespace holdfast {
namespace {

constexpr OwnerId kOwner = 1;
constexpr uint64_t kStepBytes = 1 << 20;

Task<Result<ResyncProgress>> resync_all(std::shared_ptr<StorageArray> array, Guid destination, Guid copy) {
  ResyncOrder order;
  order.destination = destination;
  order.copy = copy;
  Result<ResyncProgress> progress = co_await array->begin_resync(kOwner, order);
  while (progress.ok() && progress.value().id != 0) {
    const ResyncId id = progress.value().id;
    progress = co_await array->continue_resync(kOwner, id, kStepBytes);
  }
  co_return progress;
}

class ResyncTest : public ArrayTest {
 protected:
  static constexpr uint64_t kBytes = 4 << 20;

  void SetUp() override {
    ArrayTest::SetUp();
    source = make_lun(kBytes);
    destination = make_lun(kBytes);
  }
  Result<ResyncProgress> resync(const Guid& to, const Guid& copy) {
    return machine().run(resync_all(machine().array, to, copy));
  }
  Result<ResyncProgress> begin(const Guid& to, const Guid& copy) {
    ResyncOrder order;
    order.destination = to;
    order.copy = copy;
    return machine().run(array().begin_resync(kOwner, order));
  }
  Content content(const Guid& guid) { return lun(guid).record().content; }
  std::vector<uint8_t> all(const Guid& guid) { return read(guid, 0, static_cast<uint32_t>(lun(guid).size_bytes())); }

  Guid source;
  Guid destination;
};

TEST_F(ResyncTest, ADestinationOfAnotherFamilyHoldsWhatTheCopyHoldsAndNothingElse) {
  ASSERT_TRUE(write(source, 512, pattern(8192, 1)).ok());
  ASSERT_TRUE(write(source, 2 << 20, pattern(65536, 2)).ok());
  ASSERT_TRUE(write(destination, 2 << 20, pattern(4096, 8)).ok());
  ASSERT_TRUE(write(destination, (3 << 20) - 512, pattern(512, 9)).ok());
  const TakenSet set = take_set(machine(), {source});
  const TakenSet of_destination = take_set(machine(), {destination});
  ASSERT_TRUE(write(source, 2 << 20, pattern(65536, 3)).ok());

  Result<ResyncProgress> done = resync(destination, set.copies[0]);
  ASSERT_TRUE(done.ok()) << done.status().message();
  EXPECT_EQ(done.value().done_bytes, kBytes);
  EXPECT_FALSE(done.value().incremental);
  EXPECT_EQ(all(destination), all(set.copies[0]));
  EXPECT_EQ(read(of_destination.copies[0], 2 << 20, 4096), pattern(4096, 8)) << "its own copies keep theirs";
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(all(destination), all(set.copies[0]));
  EXPECT_EQ(content(destination), Content::copied);
  EXPECT_EQ(lun(destination).record().content_of, set.copies[0]);
  expect_consistent();
}

TEST_F(ResyncTest, ALargerDestinationReadsAsZeroesBehindTheEndOfTheCopy) {
  const Guid larger = make_lun(2 * kBytes + 512);
  ASSERT_TRUE(write(larger, kBytes - 4096, pattern(8192, 7)).ok());
  ASSERT_TRUE(write(larger, 2 * kBytes, pattern(512, 7)).ok());
  ASSERT_TRUE(write(source, kBytes - 4096, pattern(4096, 1)).ok());
  const TakenSet set = take_set(machine(), {source});
  ASSERT_TRUE(resync(larger, set.copies[0]).ok());
  EXPECT_EQ(read(larger, kBytes - 4096, 4096), pattern(4096, 1));
  EXPECT_EQ(read(larger, kBytes, kBytes + 512), pattern(kBytes + 512, 0));
  const Guid smaller = make_lun(kBytes - 512);
  EXPECT_EQ(resync(smaller, set.copies[0]).status().code(), Code::lun_size);
}

TEST_F(ResyncTest, ALunSmallerThanItsTwoEndsIsResynchronizedWhole) {
  for (const uint64_t size : {uint64_t{512}, uint64_t{4608}, uint64_t{1 << 20}, uint64_t{(1 << 20) + 1024}}) {
    const Guid from = make_lun(size);
    const Guid to = make_lun(size);
    ASSERT_TRUE(write(from, 0, pattern(512, 3)).ok());
    ASSERT_TRUE(write(from, size - 512, pattern(512, 4)).ok());
    ASSERT_TRUE(write(to, 0, pattern(std::min<uint64_t>(size, 65536), 5)).ok());
    const TakenSet set = take_set(machine(), {from});
    ASSERT_TRUE(resync(to, set.copies[0]).ok());
    EXPECT_EQ(all(to), all(set.copies[0])) << size;
  }
}

TEST_F(ResyncTest, WhatHoldsAnEarlierCopyGetsOnlyWhatHasChangedSince) {
  for (uint64_t at = 0; at < kBytes; at += 65536) ASSERT_TRUE(write(source, at, pattern(65536, 1)).ok());
  const TakenSet first = take_set(machine(), {source});
  ASSERT_TRUE(resync(destination, first.copies[0]).ok());
  ASSERT_TRUE(write(first.copies[0], 2 << 20, pattern(4096, 6)).ok()) << "which the destination never got";
  ASSERT_TRUE(write(source, (2 << 20) + 8192, pattern(4096, 2)).ok());
  const TakenSet second = take_set(machine(), {source});
  ASSERT_TRUE(close_and_open().ok());

  Result<ResyncProgress> done = resync(destination, second.copies[0]);
  ASSERT_TRUE(done.ok()) << done.status().message();
  EXPECT_TRUE(done.value().incremental);
  EXPECT_EQ(done.value().written_bytes, 8192u);
  EXPECT_EQ(all(destination), all(second.copies[0]));

  ASSERT_TRUE(write(destination, 3 << 20, pattern(512, 9)).ok());
  EXPECT_EQ(content(destination), Content::own) << "nobody knows any more what it holds";
  ASSERT_TRUE(write(source, 0, pattern(512, 4)).ok());
  const TakenSet third = take_set(machine(), {source});
  done = resync(destination, third.copies[0]);
  ASSERT_TRUE(done.ok());
  EXPECT_FALSE(done.value().incremental);
  EXPECT_EQ(all(destination), all(third.copies[0]));
}

TEST_F(ResyncTest, ACopyOfTheCopyThatWasWrittenToSinceIsCopiedInFull) {
  const TakenSet first = take_set(machine(), {source});
  ASSERT_TRUE(resync(destination, first.copies[0]).ok());
  ASSERT_TRUE(write(first.copies[0], 2 << 20, pattern(4096, 6)).ok());
  const TakenSet of_copy = take_set(machine(), {first.copies[0]});
  Result<ResyncProgress> done = resync(destination, of_copy.copies[0]);
  ASSERT_TRUE(done.ok());
  EXPECT_FALSE(done.value().incremental);
  EXPECT_EQ(read(destination, 2 << 20, 4096), pattern(4096, 6));
}

TEST_F(ResyncTest, FromACopyOfItsOwnFamilyALunIsRightAtOnce) {
  ASSERT_TRUE(write(source, 2 << 20, pattern(65536, 1)).ok());
  const TakenSet set = take_set(machine(), {source});
  ASSERT_TRUE(write(source, 2 << 20, pattern(65536, 2)).ok());
  Result<ResyncProgress> done = begin(source, set.copies[0]);
  ASSERT_TRUE(done.ok()) << done.status().message();
  EXPECT_EQ(done.value().id, 0u);
  EXPECT_EQ(done.value().written_bytes, 0u);
  EXPECT_EQ(read(source, 2 << 20, 65536), pattern(65536, 1));
  EXPECT_EQ(content(source), Content::own);
}

TEST_F(ResyncTest, ADestinationThatSomebodyUsesIsRefusedAndNothingIsChanged) {
  const TakenSet set = take_set(machine(), {source});
  const TakenSet armed = arm_copies(machine(), {destination});
  EXPECT_EQ(begin(destination, set.copies[0]).status().code(), Code::lun_in_use);
  ASSERT_TRUE(machine().run(array().abort_set(armed.set)).ok());
  const LunMapping mapping{Guid::random(), "alpha", false, false, this};
  ASSERT_TRUE(lun(destination).map(mapping).ok());
  const Status mapped = begin(destination, set.copies[0]).status();
  EXPECT_EQ(mapped.code(), Code::lun_in_use);
  EXPECT_NE(mapped.message().find("host alpha"), std::string::npos) << mapped.message();
  lun(destination).mappings().remove_holder(this);
  EXPECT_EQ(begin(destination, source).status().code(), Code::invalid_argument);
  EXPECT_EQ(begin(destination, Guid::random()).status().code(), Code::lun_not_found);
  EXPECT_EQ(begin(set.copies[0], set.copies[0]).status().code(), Code::lun_in_use);
  EXPECT_EQ(content(destination), Content::own);
  EXPECT_TRUE(write(destination, 0, pattern(512, 1)).ok());
}

TEST_F(ResyncTest, WhileItGoesOnTheDestinationIsNobodysAndAfterwardsItIsMarked) {
  // More than one step carries over.
  constexpr uint32_t kLarge = 24 << 20;
  source = make_lun(kLarge);
  destination = make_lun(kLarge);
  ASSERT_TRUE(write(source, 0, pattern(kLarge, 1)).ok());
  const TakenSet set = take_set(machine(), {source});
  Result<ResyncProgress> begun = begin(destination, set.copies[0]);
  ASSERT_TRUE(begun.ok());
  begun = machine().run(array().continue_resync(kOwner, begun.value().id, 512));
  ASSERT_TRUE(begun.ok());
  const ResyncId id = begun.value().id;
  ASSERT_NE(id, 0u);
  EXPECT_EQ(start_write(lun(destination), 0, pattern(512, 1))->status.code(), Code::lun_in_use);
  EXPECT_EQ(start_read(lun(destination), 0, 512)->status.code(), Code::lun_in_use);
  EXPECT_EQ(begin(destination, set.copies[0]).status().code(), Code::resync_in_progress);
  EXPECT_EQ(machine().run(array().delete_lun(destination)).code(), Code::resync_in_progress);
  EXPECT_FALSE(arm_copies(machine(), {destination}).status.ok());
  EXPECT_EQ(machine().run(array().continue_resync(kOwner + 1, id, 512)).status().code(), Code::bad_state);

  ASSERT_TRUE(machine().run(array().end_resync(kOwner, id)).ok());
  EXPECT_EQ(content(destination), Content::partial);
  const LunMapping mapping{Guid::random(), "alpha", true, false, this};
  EXPECT_EQ(lun(destination).map(mapping).code(), Code::resync_in_progress);
  ASSERT_TRUE(write(destination, 0, pattern(512, 3)).ok()) << "whoever has the array may still look and mend";
  EXPECT_EQ(content(destination), Content::partial);
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(content(destination), Content::partial);
  ASSERT_TRUE(resync(destination, set.copies[0]).ok());
  EXPECT_EQ(all(destination), pattern(kLarge, 1));
  EXPECT_EQ(content(destination), Content::copied);
  EXPECT_TRUE(lun(destination).map(mapping).ok());
}

TEST_F(ResyncTest, ACopyThatIsDeletedOnTheWayEndsTheResyncAndARevertMakesTheLunWholeAgain) {
  ASSERT_TRUE(write(source, 0, pattern(kBytes, 1)).ok());
  ASSERT_TRUE(write(destination, 0, pattern(kBytes, 2)).ok());
  const TakenSet own = take_set(machine(), {destination});
  const TakenSet set = take_set(machine(), {source});
  Result<ResyncProgress> step = begin(destination, set.copies[0]);
  ASSERT_TRUE(step.ok());
  delete_set(set);
  step = machine().run(array().continue_resync(kOwner, step.value().id, kStepBytes));
  EXPECT_EQ(step.status().code(), Code::copy_gone);
  EXPECT_EQ(content(destination), Content::partial);
  ASSERT_TRUE(machine().run(array().revert_lun(destination, own.copies[0])).ok());
  EXPECT_EQ(content(destination), Content::own);
  EXPECT_EQ(all(destination), pattern(kBytes, 2));
}

TEST_F(ResyncTest, AResyncEndsWithItsOwnerAndWithTheArray) {
  ASSERT_TRUE(write(source, 0, pattern(kBytes, 1)).ok());
  const TakenSet set = take_set(machine(), {source});
  ASSERT_TRUE(begin(destination, set.copies[0]).ok());
  array().owner_died(kOwner);
  settle();
  EXPECT_TRUE(write(destination, 0, pattern(512, 3)).ok());
  Result<ResyncProgress> again = begin(destination, set.copies[0]);
  ASSERT_TRUE(again.ok());
  Background<Result<ResyncProgress>> running(machine(), array().continue_resync(kOwner, again.value().id, kBytes));
  machine().loop().turn(0);
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_TRUE(running.is_done());
  EXPECT_EQ(content(destination), Content::partial);
}

TEST_F(ResyncTest, ADiskThatIsFullOnTheWayLeavesTheLunMarkedAndARepeatFinishes) {
  ASSERT_TRUE(write(source, 0, pattern(kBytes, 1)).ok());
  const TakenSet set = take_set(machine(), {source});
  fail(SimulatedOp::write, "*/base/" + destination.to_string(), ENOSPC, 2, 1);
  EXPECT_EQ(resync(destination, set.copies[0]).status().code(), Code::no_space);
  EXPECT_EQ(content(destination), Content::partial);
  ASSERT_TRUE(resync(destination, set.copies[0]).ok());
  EXPECT_EQ(all(destination), pattern(kBytes, 1));
}

TEST_F(ResyncTest, AWriteWhoseRecordFindsNoSpaceFailsAndTheNextIsTriedAgain) {
  const TakenSet set = take_set(machine(), {source});
  ASSERT_TRUE(resync(destination, set.copies[0]).ok());
  fail(SimulatedOp::write, "*/journal*", ENOSPC, 1, 1);
  EXPECT_EQ(write(destination, 0, pattern(512, 1)).code(), Code::no_space);
  EXPECT_EQ(content(destination), Content::copied);
  ASSERT_TRUE(write(destination, 0, pattern(512, 2)).ok());
  EXPECT_EQ(content(destination), Content::own);
  EXPECT_EQ(read(destination, 0, 512), pattern(512, 2));
}

TEST_F(ResyncTest, ACopyThatIsFilledInFullIsAsGoodASourceBeforeAndAfterItHasBecomeIndependent) {
  ASSERT_TRUE(write(source, 2 << 20, pattern(65536, 1)).ok());
  TakenSet set;
  set.set = Guid::random();
  ArmRequest request;
  request.set = set.set;
  request.owner = kOwner;
  request.auto_release = false;
  request.copies.push_back(ArmCopy{source, Guid::random(), Guid::random()});
  const ArmCopy& ids = request.copies.front();
  ASSERT_TRUE(machine().run(array().begin_plex(set.set, kOwner, ids)).ok());
  ASSERT_TRUE(machine().run(array().arm_set(request)).ok());
  Result<LeaseId> lease = hold_set(machine(), set, {source});
  ASSERT_TRUE(lease.ok());
  ASSERT_TRUE(machine().leases().release(lease.value(), kOwner).ok());
  ASSERT_TRUE(machine().run(array().record_set(set.set)).ok());
  ASSERT_TRUE(machine().run(array().finish_set(set.set, "note")).ok());
  Result<ResyncProgress> begun = begin(destination, ids.copy);
  ASSERT_TRUE(begun.ok()) << begun.status().message();
  settle();
  Result<ResyncProgress> done = machine().run(array().continue_resync(kOwner, begun.value().id, kBytes));
  ASSERT_TRUE(done.ok()) << done.status().message();
  EXPECT_EQ(read(destination, 2 << 20, 65536), pattern(65536, 1));
  settle();
  ASSERT_TRUE(machine().run(array().await_plex(ids.copy)).ok());
  ASSERT_TRUE(array().describe_lun(ids.copy)->is_plex);
  ASSERT_TRUE(write(source, 2 << 20, pattern(4096, 3)).ok());
  ASSERT_TRUE(resync(source, ids.copy).ok());
  EXPECT_EQ(all(source), all(ids.copy));
}

// Histories of two families in which LUNs are written to, copied, resynchronized, reverted, grown and reopened.
TEST_F(ResyncTest, RandomHistoriesAgreeWithAModel) {
  constexpr uint64_t kSmall = (2 << 20) + 128 * 1024;
  uint32_t incremental = 0;
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    std::mt19937 random(seed);
    struct Known {
      Guid guid;
      std::vector<uint8_t> bytes;
    };
    std::vector<Known> luns;
    std::vector<Known> copies;
    for (int i = 0; i < 3; ++i) luns.push_back(Known{make_lun(kSmall), std::vector<uint8_t>(kSmall)});
    for (int step = 0; step < 40; ++step) {
      Known& one = luns[random() % luns.size()];
      switch (random() % 8) {
        default: {
          Known& written = copies.empty() || random() % 4 != 0 ? one : copies[random() % copies.size()];
          const uint64_t length = 512 * (1 + random() % 64);
          const uint64_t offset = 512 * (random() % ((written.bytes.size() - length) / 512));
          const auto value = static_cast<uint8_t>(random());
          ASSERT_TRUE(write(written.guid, offset, pattern(length, value)).ok());
          std::fill_n(written.bytes.begin() + static_cast<ptrdiff_t>(offset), length, value);
          break;
        }
        case 0: {
          const TakenSet set = take_set(machine(), {one.guid});
          ASSERT_TRUE(set.status.ok());
          copies.push_back(Known{set.copies[0], one.bytes});
          break;
        }
        case 1:
        case 2: {
          if (copies.empty()) break;
          const Known& from = copies[random() % copies.size()];
          if (from.bytes.size() > one.bytes.size()) break;
          Result<ResyncProgress> done = resync(one.guid, from.guid);
          ASSERT_TRUE(done.ok()) << done.status().message();
          incremental += done.value().incremental ? 1 : 0;
          const size_t size = one.bytes.size();
          one.bytes = from.bytes;
          one.bytes.resize(size);
          break;
        }
        case 3: {
          if (random() % 4 == 0) {
            one.bytes.resize(one.bytes.size() + 512 * (1 + random() % 32));
            ASSERT_TRUE(machine().run(array().grow_lun(one.guid, one.bytes.size())).ok());
          }
          if (random() % 2 == 0) {
            ASSERT_TRUE(close_and_open().ok());
          }
          break;
        }
      }
    }
    for (const auto* group : {&luns, &copies}) {
      for (const Known& known : *group) ASSERT_EQ(all(known.guid), known.bytes) << "seed " << seed;
    }
    expect_consistent();
  }
  EXPECT_GT(incremental, 0u);
}

// The power fails after every operation of a resync. Whatever is found then is marked, and the next resync finishes.
TEST(ResyncCrashTest, APowerCutAtAnyPointLeavesTheLunAsItWasMarkedOrWhole) {
  for (const bool is_incremental : {false, true}) {
    for (const CrashPolicy policy : {CrashPolicy::drop_all, CrashPolicy::keep_all, CrashPolicy::random_sectors}) {
      bool completed = false;
      int marked = 0;
      for (uint64_t stop = 1; !completed; ++stop) {
        constexpr uint64_t kBytes = (2 << 20) + 32768;
        Machine cut(stop);
        ASSERT_TRUE(cut.create_array().ok());
        const Guid from = cut.run(cut.array->create_lun(kBytes)).take();
        const Guid to = cut.run(cut.array->create_lun(kBytes)).take();
        ASSERT_TRUE(write_bytes(cut, *cut.array->find_lun(from), (1 << 20) - 4096, pattern(16384, 1)).ok());
        ASSERT_TRUE(write_bytes(cut, *cut.array->find_lun(to), 1 << 20, pattern(32768, 2)).ok());
        const TakenSet first = take_set(cut, {from});
        if (is_incremental) {
          Result<ResyncProgress> whole = cut.run(resync_all(cut.array, to, first.copies[0]));
          ASSERT_TRUE(whole.ok());
        }
        ASSERT_TRUE(write_bytes(cut, *cut.array->find_lun(from), 1 << 20, pattern(8192, 3)).ok());
        const TakenSet second = take_set(cut, {from});
        const Async flushing = start_flush(*cut.array->find_lun(to));
        cut.settle();
        ASSERT_TRUE(flushing->is_done && flushing->status.ok());
        const std::vector<uint8_t> before = read_bytes(cut, *cut.array->find_lun(to), 0, kBytes);
        const std::vector<uint8_t> after = read_bytes(cut, *cut.array->find_lun(second.copies[0]), 0, kBytes);

        cut.io().set_stop_after(cut.io().operations() + stop);
        Background<Result<ResyncProgress>> running(cut, resync_all(cut.array, to, second.copies[0]));
        while (!cut.io().stopped() && cut.loop().turn(0)) {
        }
        completed = !cut.io().stopped();
        const bool acknowledged = running.is_done();
        cut.switch_off();
        cut.disk()->power_cut(stop, policy);
        Machine again(cut.disk(), stop);
        ASSERT_TRUE(again.open_array().ok());
        const std::shared_ptr<Lun> found = again.array->find_lun(to);
        const Content content = found->record().content;
        const bool holds_second = content == Content::copied && found->record().content_of == second.copies[0];
        if (acknowledged) {
          ASSERT_TRUE(running.result().ok());
          EXPECT_TRUE(holds_second);
        }
        if (content == Content::partial) {
          ++marked;
        } else {
          EXPECT_EQ(read_bytes(again, *found, 0, kBytes), holds_second ? after : before) << "stop after " << stop;
        }
        Result<ResyncProgress> repeated = again.run(resync_all(again.array, to, second.copies[0]));
        ASSERT_TRUE(repeated.ok()) << repeated.status().message();
        ASSERT_EQ(read_bytes(again, *found, 0, kBytes), after) << "stop after " << stop;
        for (const std::string& fault : again.array->check().faults) ADD_FAILURE() << fault;
      }
      EXPECT_GT(marked, 0);
    }
  }
}

// What is said to be a copy's content is it, however the power fails around the first write after the resync.
TEST(ResyncCrashTest, NoWriteReachesALunThatIsSaidToHoldWhatACopyHolds) {
  for (const CrashPolicy policy : {CrashPolicy::drop_all, CrashPolicy::keep_all, CrashPolicy::random_sectors}) {
    bool completed = false;
    for (uint64_t stop = 1; !completed; ++stop) {
      constexpr uint64_t kBytes = 65536;
      Machine cut(stop);
      ASSERT_TRUE(cut.create_array().ok());
      const Guid from = cut.run(cut.array->create_lun(kBytes)).take();
      const Guid to = cut.run(cut.array->create_lun(kBytes)).take();
      ASSERT_TRUE(write_bytes(cut, *cut.array->find_lun(from), 0, pattern(kBytes, 1)).ok());
      const TakenSet set = take_set(cut, {from});
      Result<ResyncProgress> whole = cut.run(resync_all(cut.array, to, set.copies[0]));
      ASSERT_TRUE(whole.ok());
      cut.settle();

      cut.io().set_stop_after(cut.io().operations() + stop);
      const Async one = start_write(*cut.array->find_lun(to), 0, pattern(4096, 2));
      const Async other = start_write(*cut.array->find_lun(to), 8192, pattern(4096, 3));
      while (!cut.io().stopped() && cut.loop().turn(0)) {
      }
      completed = !cut.io().stopped();
      EXPECT_TRUE(!completed || (one->is_done && one->status.ok() && other->is_done && other->status.ok()));
      cut.switch_off();
      cut.disk()->power_cut(stop, policy);
      Machine again(cut.disk(), stop);
      ASSERT_TRUE(again.open_array().ok());
      const std::shared_ptr<Lun> found = again.array->find_lun(to);
      if (found->record().content != Content::copied) continue;
      EXPECT_EQ(read_bytes(again, *found, 0, kBytes), pattern(kBytes, 1)) << "stop after " << stop;
    }
  }
}

}  // namespace
}  // namespace holdfast
