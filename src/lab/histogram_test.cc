#include "lab/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace redline::lab {
namespace {

TEST(Histogram, QuantilesAreWithinAQuarterPercent) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> durations(14, 2);
  Histogram histogram;
  std::vector<double> values;
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(std::floor(durations(random)));
    histogram.Record(static_cast<int64_t>(values.back()));
  }
  std::sort(values.begin(), values.end());
  for (const double quantile : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<size_t>(std::max(1.0, std::ceil(quantile * 1e5)));
    const double exact = values[rank - 1];
    EXPECT_NEAR(histogram.Quantile(quantile), exact, exact / 256 + 1) << quantile;
  }
  EXPECT_EQ(histogram.max(), values.back());
  EXPECT_EQ(histogram.min(), values.front());
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (int64_t value = 0; value < 256; ++value) histogram.Record(value);
  for (int64_t value = 0; value < 256; ++value)
    EXPECT_EQ(histogram.Quantile((static_cast<double>(value) + 1) / 256), value);
}

TEST(Histogram, MergedIsAsRecordedTogether) {
  Histogram one, two, both;
  const std::vector<int64_t> first = {5, 70'000, 3}, second = {1'000'000'000'000, 2};
  for (const int64_t value : first) one.Record(value), both.Record(value);
  for (const int64_t value : second) two.Record(value), both.Record(value);
  one.Merge(two);
  EXPECT_EQ(one.count(), 5u);
  EXPECT_EQ(one.max(), both.max());
  EXPECT_EQ(one.min(), 2);
  EXPECT_DOUBLE_EQ(one.Mean(), both.Mean());
  EXPECT_DOUBLE_EQ(one.StdDev(), both.StdDev());
  EXPECT_EQ(one.Quantile(0.5), both.Quantile(0.5));
}

TEST(Histogram, BucketsHoldEverythingOnce) {
  Histogram histogram;
  for (int64_t value = 1; value < int64_t{1} << 60; value *= 3) histogram.Record(value, 2);
  histogram.Record(-5);
  uint64_t count = 0;
  int64_t end = 0;
  for (const auto& bucket : histogram.Buckets()) {
    EXPECT_GE(bucket.low, end);
    EXPECT_GT(bucket.high, bucket.low);
    end = bucket.high;
    count += bucket.count;
  }
  EXPECT_EQ(count, histogram.count());
}

}  // namespace
}  // namespace redline::lab
