// Which places of an area are free, and when.

#include "array/places.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Places, TheLowestFreePlaceIsTakenFirst) {
  Places places;
  EXPECT_EQ(places.take(), 0u);
  EXPECT_EQ(places.take(), 1u);
  EXPECT_EQ(places.take(), 2u);
  places.give_back(1);
  EXPECT_EQ(places.take(), 1u);
  EXPECT_EQ(places.take(), 3u);
  EXPECT_EQ(places.used_count(), 4u);
  EXPECT_EQ(places.end(), 4u);
}

TEST(Places, APlaceLetGoIsNotTakenBeforeASyncThatBeganLaterHasCompleted) {
  Places places;
  for (int i = 0; i < 4; ++i) places.take();
  places.let_go(0, 5);
  places.let_go(2, 6);
  EXPECT_EQ(places.take(), 4u);
  places.release_pending(4);
  EXPECT_EQ(places.take(), 5u);
  places.release_pending(5);
  EXPECT_EQ(places.take(), 0u);
  EXPECT_EQ(places.take(), 6u) << "place 2 was let go after that sync had begun";
  EXPECT_EQ(places.pending_count(), 1u);
  places.release_pending(6);
  EXPECT_EQ(places.take(), 2u);
}

TEST(Places, APlaceIsClaimedOnce) {
  Places places;
  EXPECT_TRUE(places.claim(100));
  EXPECT_FALSE(places.claim(100));
  EXPECT_EQ(places.end(), 101u);
  for (Place expected = 0; expected < 100; ++expected) ASSERT_EQ(places.take(), expected);
  EXPECT_EQ(places.take(), 101u);
}

TEST(Places, WhatIsBeingPreparedIsNotGivenOutAndLowerPlacesAreNotForgotten) {
  Places places;
  places.begin_preparing(0, 256);
  EXPECT_EQ(places.take(), 256u);
  EXPECT_EQ(places.take(), 257u);
  places.end_preparing();
  EXPECT_EQ(places.prepared_end(), 256u);
  EXPECT_EQ(places.take(), 0u);
  places.begin_preparing(320, 384);
  for (Place expected = 1; expected < 256; ++expected) ASSERT_EQ(places.take(), expected);
  for (Place expected = 258; expected < 320; ++expected) ASSERT_EQ(places.take(), expected);
  EXPECT_EQ(places.take(), 384u);
  places.end_preparing();
  EXPECT_EQ(places.take(), 320u);
}

TEST(Places, FreeWordsArePunchedFromTheEndAndAHoleAtTheEndIsNoPlaceAtAll) {
  Places places;
  for (int i = 0; i < 640; ++i) places.take();
  for (Place place = 128; place < 640; ++place) {
    if (place / 64 != 5) places.give_back(place);
  }
  EXPECT_EQ(places.free_backed_count(), 448u);
  uint64_t from = 0;
  uint64_t to = 0;
  uint64_t below = UINT64_MAX;
  ASSERT_TRUE(places.find_punchable(below, 128, &from, &to, &below));
  EXPECT_EQ(from, 512u);
  EXPECT_EQ(to, 640u);
  places.begin_punching(from, to);
  places.end_punching(true);
  EXPECT_EQ(places.end(), 512u);
  ASSERT_TRUE(places.find_punchable(below, 1024, &from, &to, &below));
  EXPECT_EQ(from, 384u) << "word 5 is in use";
  EXPECT_EQ(to, 512u);
  places.begin_punching(from, to);
  places.end_punching(false);
  ASSERT_TRUE(places.find_punchable(below, 1024, &from, &to, &below));
  EXPECT_EQ(from, 128u);
  EXPECT_EQ(to, 320u);
  places.begin_punching(from, to);
  EXPECT_EQ(places.take(), 384u) << "what is being punched is not given out";
  places.end_punching(true);
  EXPECT_EQ(places.free_backed_count(), 127u);
  EXPECT_FALSE(places.find_punchable(below, 1024, &from, &to, &below));
  EXPECT_EQ(places.take(), 128u) << "holes are places";
  EXPECT_EQ(places.take(), 129u);
}

TEST(Places, WhatIsInUseComesBackWithoutWhatWasOnItsWayToBeFree) {
  Places places;
  for (int i = 0; i < 200; ++i) places.take();
  places.let_go(3, 0);
  places.let_go(199, 0);
  Places restored;
  restored.restore(places.in_use());
  EXPECT_EQ(restored.used_count(), 198u);
  EXPECT_EQ(restored.end(), 199u);
  EXPECT_EQ(restored.pending_count(), 0u);
  EXPECT_EQ(restored.take(), 3u);
  EXPECT_EQ(restored.take(), 199u);
  EXPECT_EQ(restored.take(), 200u);
}

}  // namespace
}  // namespace holdfast
