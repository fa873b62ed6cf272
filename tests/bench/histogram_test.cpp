#include "bench/histogram.hpp"

#include <gtest/gtest.h>

namespace eventual::bench {
namespace {

using std::chrono::nanoseconds;

TEST(HistogramTest, APercentileIsWithinOnePercentOfTheValue) {
  for (const std::int64_t value :
       {1LL, 100LL, 127LL, 128LL, 1'000LL, 123'456LL, 87'654'321LL, 12'345'678'901LL}) {
    Histogram histogram;
    histogram.add(nanoseconds(value), 10);
    histogram.add(nanoseconds(value * 10));
    const double wanted_ms = static_cast<double>(value) / 1e6;
    EXPECT_NEAR(histogram.percentile_ms(0.5), wanted_ms, wanted_ms * 0.01);
  }
}

TEST(HistogramTest, PercentilesSplitTheValuesAndMaxIsExact) {
  Histogram histogram;
  for (int i = 1; i <= 1'000; ++i) histogram.add(std::chrono::microseconds(i));
  EXPECT_EQ(histogram.count(), 1'000U);
  EXPECT_NEAR(histogram.percentile_ms(0.5), 0.5, 0.01);
  EXPECT_NEAR(histogram.percentile_ms(0.99), 0.99, 0.02);
  EXPECT_DOUBLE_EQ(histogram.max_ms(), 1.0);
}

TEST(HistogramTest, TheLongestTimeHasABucket) {
  Histogram histogram;
  histogram.add(nanoseconds::max());
  EXPECT_NEAR(histogram.percentile_ms(0.5), histogram.max_ms(), histogram.max_ms() * 0.01);
  EXPECT_EQ(Histogram().percentile_ms(0.5), 0);
}

TEST(HistogramTest, AddingOneToAnotherIsLikeAddingItsValues) {
  Histogram left;
  Histogram right;
  left.add(nanoseconds(1'000));
  right.add(nanoseconds(9'000), 3);
  left.add(right);
  EXPECT_EQ(left.count(), 4U);
  EXPECT_NEAR(left.percentile_ms(0.9), 0.009, 0.0001);
}

}  // namespace
}  // namespace eventual::bench
