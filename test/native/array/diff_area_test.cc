#include "array/diff_area.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

DiffAreaSetting with_maximum(uint64_t units) {
  DiffAreaSetting setting;
  setting.maximum_bytes = units * kUnitBytes;
  return setting;
}

TEST(DiffAreaTest, WritesUnderWayCountBeforeTheyAreWrittenAndNotWhenTheyWereDropped) {
  DiffArea area(with_maximum(10));
  EXPECT_TRUE(area.plan(6));
  EXPECT_FALSE(area.plan(5));
  EXPECT_EQ(area.excess(5), 1u);
  EXPECT_TRUE(area.plan(4));
  area.dropped(4);
  area.written(6, kSecond);
  EXPECT_EQ(area.used_units(), 6u);
  EXPECT_TRUE(area.fits(4));
  EXPECT_FALSE(area.fits(5));
  EXPECT_FALSE(area.fits(~uint64_t{0}));
}

TEST(DiffAreaTest, WithoutAMaximumEverythingFitsAndTheRoomOfTheFileSystemIsLookedAtNowAndThen) {
  DiffArea area{DiffAreaSetting{}};
  const auto write_more = [&](uint64_t units) {
    EXPECT_TRUE(area.plan(units));
    return area.written(units, kSecond);
  };
  EXPECT_FALSE(write_more(255));
  EXPECT_TRUE(write_more(1));
  EXPECT_TRUE(area.wants_disk_look());
  area.disk_has(uint64_t{16} << 20);
  EXPECT_FALSE(area.wants_disk_look());
  EXPECT_EQ(area.passed_threshold(), std::nullopt);
  EXPECT_FALSE(write_more((1 << 20) - 1));
  EXPECT_TRUE(write_more(1)) << "a sixteenth of what was free is used";
  area.disk_has((256 + (1 << 20)) / 4);
  EXPECT_EQ(area.limit_units(), (256u + (1 << 20)) / 4 * 5);
  EXPECT_EQ(area.passed_threshold(), std::optional<uint32_t>(80));
  area.disk_has(0);
  EXPECT_EQ(area.passed_threshold(), std::optional<uint32_t>(90));
  EXPECT_TRUE(area.plan(uint64_t{1} << 40)) << "which is no maximum";
  area.measured(1000);
  EXPECT_TRUE(area.wants_disk_look()) << "what went may have made room";
  area.disk_has(uint64_t{1} << 20);
  EXPECT_EQ(area.passed_threshold(), std::nullopt);
}

TEST(DiffAreaTest, TheNearerOfMaximumAndFileSystemCounts) {
  DiffArea area(with_maximum(10'000));
  EXPECT_TRUE(area.plan(900));
  EXPECT_TRUE(area.written(900, kSecond));
  area.disk_has(100);
  EXPECT_EQ(area.limit_units(), 1000u);
  EXPECT_EQ(area.passed_threshold(), std::optional<uint32_t>(90));
  area.disk_has(1'000'000);
  EXPECT_EQ(area.limit_units(), 10'000u);
}

TEST(DiffAreaTest, EachThresholdIsSaidOnceUntilTheAreaHasBeenBelowIt) {
  DiffArea area(with_maximum(100));
  const auto write_to = [&](uint64_t units) {
    const uint64_t more = units - area.used_units();
    EXPECT_TRUE(area.plan(more));
    return area.written(more, kSecond);
  };
  EXPECT_FALSE(write_to(79));
  EXPECT_TRUE(write_to(80));
  EXPECT_EQ(area.passed_threshold(), std::optional<uint32_t>(80));
  EXPECT_EQ(area.passed_threshold(), std::nullopt);
  EXPECT_FALSE(write_to(89)) << "the one that was said is not looked for again";
  EXPECT_TRUE(write_to(100));
  EXPECT_EQ(area.passed_threshold(), std::optional<uint32_t>(90));
  area.measured(85);
  EXPECT_EQ(area.passed_threshold(), std::nullopt);
  EXPECT_TRUE(write_to(95));
  EXPECT_EQ(area.passed_threshold(), std::optional<uint32_t>(90));
  area.measured(10);
  EXPECT_FALSE(write_to(79));
  EXPECT_TRUE(write_to(99));
  EXPECT_EQ(area.passed_threshold(), std::optional<uint32_t>(90)) << "the highest, not every one";
  area.set(with_maximum(100));
  EXPECT_EQ(area.passed_threshold(), std::optional<uint32_t>(90)) << "a new setting begins anew";
}

TEST(DiffAreaTest, ACountThatIsTooHighPassesNoThreshold) {
  DiffArea area(with_maximum(100));
  EXPECT_TRUE(area.plan(90));
  EXPECT_TRUE(area.written(90, kSecond));
  area.measured(40);
  EXPECT_EQ(area.passed_threshold(), std::nullopt);
}

TEST(FillRateTest, TheRateIsThatOfTheLastSixteenSecondsOrOfTheTimeSinceTheFirstWrite) {
  FillRate rate;
  EXPECT_EQ(rate.bytes_per_second(5 * kSecond), 0u);
  rate.add(1000, 10 * kSecond);
  EXPECT_EQ(rate.bytes_per_second(10 * kSecond), 1000u);
  rate.add(3000, 11 * kSecond);
  EXPECT_EQ(rate.bytes_per_second(11 * kSecond), 2000u);
  EXPECT_EQ(rate.bytes_per_second(13 * kSecond), 1000u);
  EXPECT_EQ(rate.bytes_per_second(25 * kSecond), 250u);
  EXPECT_EQ(rate.bytes_per_second(26 * kSecond), 3000u / 16);
  EXPECT_EQ(rate.bytes_per_second(27 * kSecond), 0u);
  rate.add(1600, 27 * kSecond);
  EXPECT_EQ(rate.bytes_per_second(27 * kSecond), 100u);
}

TEST(DiffAreaTest, ThatItIsFullIsSaidOnceInTenSeconds) {
  DiffArea area(with_maximum(1));
  EXPECT_TRUE(area.may_say_full(kSecond));
  EXPECT_FALSE(area.may_say_full(10 * kSecond));
  EXPECT_TRUE(area.may_say_full(11 * kSecond));
}

}  // namespace
}  // namespace holdfast
