// Which blocks a walk gives: none that differ are missing, and none that are equal are named, whatever was written
// where and in whatever order.

#include <map>
#include <random>

#include "array_fixture.h"

namespace holdfast {
namespace {

class BlockWalkTest : public ArrayTest {
 protected:
  static constexpr OwnerId kOwner = 1;

  Result<std::vector<Extent>> walk(const Guid& older, const Guid& newer, size_t extents_max = 1000) {
    Result<WalkId> begun = array().begin_walk(kOwner, older, newer);
    if (!begun.ok()) return begun.status();
    std::vector<Extent> all;
    for (;;) {
      Result<std::vector<Extent>> some = machine().run(array().continue_walk(kOwner, begun.value(), extents_max));
      if (!some.ok()) return some.status();
      EXPECT_LE(some.value().size(), extents_max);
      if (some.value().empty()) return all;
      all.insert(all.end(), some.value().begin(), some.value().end());
    }
  }
  std::vector<Extent> changed(const Guid& older, const Guid& newer) { return walk(older, newer).take(); }
  std::vector<Extent> allocated(const Guid& guid) { return walk(Guid(), guid).take(); }
};

TEST_F(BlockWalkTest, ACopyAndItsLunDifferInWhatWasWrittenSince) {
  const Guid id = make_lun();
  ASSERT_TRUE(write(id, 0, pattern(65536, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  EXPECT_TRUE(changed(set.copies[0], id).empty());
  ASSERT_TRUE(write(id, 40960, pattern(512, 2)).ok());
  ASSERT_TRUE(write(id, 4096, pattern(8192, 2)).ok());
  ASSERT_TRUE(write(id, 8192, pattern(8192, 3)).ok());
  const std::vector<Extent> expected = {{4096, 12288}, {40960, 4096}};
  EXPECT_EQ(changed(set.copies[0], id), expected);
  EXPECT_EQ(changed(id, set.copies[0]), expected) << "in both directions";
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(changed(set.copies[0], id), expected) << "after opening again";
}

TEST_F(BlockWalkTest, BetweenTwoCopiesCountsOnlyWhatWasWrittenBetweenThem) {
  const Guid id = make_lun();
  const TakenSet first = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
  const TakenSet second = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 8192, pattern(4096, 2)).ok());
  EXPECT_EQ(changed(first.copies[0], second.copies[0]), (std::vector<Extent>{{0, 4096}}));
  EXPECT_EQ(changed(first.copies[0], id), (std::vector<Extent>{{0, 4096}, {8192, 4096}}));
  ASSERT_TRUE(write(second.copies[0], 16384, pattern(4096, 3)).ok());
  EXPECT_EQ(changed(second.copies[0], id), (std::vector<Extent>{{8192, 4096}, {16384, 4096}}));
  ASSERT_TRUE(machine().run(array().revert_lun(id, first.copies[0])).ok());
  EXPECT_TRUE(changed(first.copies[0], id).empty());
}

TEST_F(BlockWalkTest, WhatIsAllocatedIsWhatTheLunAndItsBaseHold) {
  const Guid id = make_lun();
  EXPECT_TRUE(allocated(id).empty());
  ASSERT_TRUE(write(id, 8192, pattern(4096, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 65536, pattern(8192, 1)).ok());
  EXPECT_EQ(allocated(set.copies[0]), (std::vector<Extent>{{8192, 4096}}));
  EXPECT_EQ(allocated(id), (std::vector<Extent>{{8192, 4096}, {65536, 8192}}));
}

TEST_F(BlockWalkTest, TheLastUnitOfAnOddLunEndsWithIt) {
  const Guid id = make_lun(kLunBytes + 512);
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, kLunBytes, pattern(512, 1)).ok());
  EXPECT_EQ(changed(set.copies[0], id), (std::vector<Extent>{{kLunBytes, 512}}));
  EXPECT_EQ(allocated(id), (std::vector<Extent>{{kLunBytes, 512}}));
}

TEST_F(BlockWalkTest, AWalkEndsWithATypedErrorWhenItsCopyIsDeleted) {
  const Guid id = make_lun();
  const TakenSet set = take_set(machine(), {id});
  for (uint64_t unit = 0; unit < 8; ++unit) ASSERT_TRUE(write(id, unit * 8192, pattern(4096, 1)).ok());
  Result<WalkId> walking = array().begin_walk(kOwner, set.copies[0], id);
  ASSERT_TRUE(walking.ok());
  ASSERT_EQ(machine().run(array().continue_walk(kOwner, walking.value(), 2)).take().size(), 2u);
  delete_set(set);
  EXPECT_EQ(machine().run(array().continue_walk(kOwner, walking.value(), 2)).status().code(), Code::copy_gone);
  EXPECT_EQ(machine().run(array().continue_walk(kOwner, walking.value(), 2)).status().code(), Code::bad_state)
      << "and is over";
  EXPECT_EQ(walk(make_lun(), id).status().code(), Code::invalid_argument) << "of another family";
  EXPECT_EQ(walk(Guid::random(), id).status().code(), Code::lun_not_found);
}

TEST_F(BlockWalkTest, AWalkEndsWithATypedErrorWhenOneOfItsLunsIsReverted) {
  const Guid id = make_lun();
  const TakenSet first = take_set(machine(), {id});
  for (uint64_t unit = 0; unit < 8; ++unit) ASSERT_TRUE(write(id, unit * 8192, pattern(4096, 1)).ok());
  const TakenSet second = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(4096, 2)).ok());
  ASSERT_TRUE(write(id, 200 * 4096, pattern(4096, 2)).ok());
  const WalkId walking = array().begin_walk(kOwner, second.copies[0], id).take();
  ASSERT_EQ(machine().run(array().continue_walk(kOwner, walking, 1)).take().size(), 1u);
  ASSERT_TRUE(machine().run(array().revert_lun(id, first.copies[0])).ok());
  EXPECT_EQ(machine().run(array().continue_walk(kOwner, walking, 1)).status().code(), Code::bad_state);
}

TEST_F(BlockWalkTest, AWalkBelongsToWhoBeganItAndEndsWithThem) {
  const Guid id = make_lun();
  ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
  const WalkId mine = array().begin_walk(kOwner, Guid(), id).take();
  EXPECT_EQ(machine().run(array().continue_walk(kOwner + 1, mine, 2)).status().code(), Code::bad_state);
  array().end_walk(kOwner + 1, mine);
  EXPECT_EQ(machine().run(array().continue_walk(kOwner, mine, 2)).take().size(), 1u) << "it is another's to end";
  array().owner_died(kOwner);
  EXPECT_EQ(machine().run(array().continue_walk(kOwner, mine, 2)).status().code(), Code::bad_state);
}

// A family of random copies and writes; every pair is walked and compared, unit by unit, with what the two hold. Every
// write has a number of its own, so units that hold the same were not written between.
TEST_F(BlockWalkTest, EveryPairOfARandomFamilyIsToldApartExactly) {
  constexpr uint64_t kUnits = 64;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    std::mt19937_64 random(seed);
    const Guid original = make_lun(kUnits * kUnitBytes);
    std::map<Guid, std::vector<uint32_t>> holds = {{original, std::vector<uint32_t>(kUnits)}};
    std::vector<Guid> luns = {original};
    uint32_t number = 0;
    for (int step = 0; step < 120; ++step) {
      const Guid lun_id = luns[random() % luns.size()];
      if (random() % 10 == 0 && luns.size() < 7) {
        const TakenSet set = take_set(machine(), {lun_id});
        ASSERT_TRUE(set.status.ok());
        luns.push_back(set.copies[0]);
        holds[set.copies[0]] = holds[lun_id];
      } else if (random() % 25 == 0 && lun_id != original) {
        ASSERT_TRUE(machine().run(array().revert_lun(original, lun_id)).ok());
        holds[original] = holds[lun_id];
      } else {
        const uint64_t unit = random() % kUnits;
        holds[lun_id][unit] = ++number;
        std::vector<uint8_t> bytes(kUnitBytes);
        std::memcpy(bytes.data(), &number, sizeof number);
        ASSERT_TRUE(write(lun_id, unit * kUnitBytes, bytes).ok());
      }
      if (random() % 40 == 0) {
        ASSERT_TRUE(close_and_open().ok());
      }
    }
    for (const Guid& older : luns) {
      for (const Guid& newer : luns) {
        if (older == newer) continue;
        std::vector<bool> named(kUnits);
        for (const Extent& extent : walk(older, newer, 1 + random() % 5).take()) {
          for (uint64_t at = 0; at < extent.length_bytes; at += kUnitBytes) {
            named[(extent.offset_bytes + at) / kUnitBytes] = true;
          }
        }
        for (uint64_t unit = 0; unit < kUnits; ++unit) {
          ASSERT_EQ(named[unit], holds[older][unit] != holds[newer][unit]) << "seed " << seed << ", unit " << unit;
        }
      }
    }
  }
}

}  // namespace
}  // namespace holdfast
