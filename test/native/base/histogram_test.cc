#include "base/histogram.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Histogram, GivesQuantilesToASixteenthAndTheLargestExactly) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 100'000; ++value) histogram.record(value);
  EXPECT_EQ(histogram.count(), 100'000u);
  EXPECT_EQ(histogram.max(), 100'000u);
  for (const double share : {0.001, 0.5, 0.9, 0.99}) {
    const double exact = share * 100'000;
    EXPECT_GE(static_cast<double>(histogram.quantile(share)), exact);
    EXPECT_LE(static_cast<double>(histogram.quantile(share)), exact * 17 / 16 + 1);
  }
  EXPECT_EQ(histogram.quantile(1), 100'000u);
}

TEST(Histogram, KeepsSmallValuesApart) {
  Histogram histogram;
  histogram.record(0);
  histogram.record(3);
  histogram.record(31);
  EXPECT_EQ(histogram.quantile(0.3), 0u);
  EXPECT_EQ(histogram.quantile(0.6), 3u);
  EXPECT_EQ(histogram.quantile(1), 31u);
}

TEST(Histogram, PutsWhatIsHugeIntoTheLastBucketAndKnowsItsSize) {
  Histogram histogram;
  histogram.record(~uint64_t{0});
  EXPECT_EQ(histogram.max(), ~uint64_t{0});
  histogram.record(5);
  EXPECT_EQ(histogram.quantile(0.5), 5u);
}

TEST(Histogram, IsEmptyAtFirstAndAfterClear) {
  Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.99), 0u);
  histogram.record(7);
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.quantile(1), 0u);
}

}  // namespace
}  // namespace holdfast
