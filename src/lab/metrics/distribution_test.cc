#include "lab/metrics/distribution.h"

#include <gtest/gtest.h>

namespace redline::lab {
namespace {

TEST(Distribution, IsWhatNumpySays) {
  // numpy: v = [1, 2, 4, 8]; mean 3.75, std 2.680951, percentile 50: 3, 90: 6.8, 95: 7.4, 99: 7.88
  const Distribution d = Describe(std::vector<double>{8, 1, 4, 2});
  EXPECT_DOUBLE_EQ(d.mean, 3.75);
  EXPECT_NEAR(d.std, 2.680951323690902, 1e-12);
  EXPECT_DOUBLE_EQ(d.p50, 3);
  EXPECT_NEAR(d.p90, 6.8, 1e-12);
  EXPECT_NEAR(d.p95, 7.4, 1e-12);
  EXPECT_NEAR(d.p99, 7.88, 1e-12);
  EXPECT_EQ(d.min, 1);
  EXPECT_EQ(d.max, 8);
  EXPECT_EQ(d.count, 4);
}

TEST(Distribution, OfNothingIsZero) {
  EXPECT_EQ(Describe(std::vector<double>{}).count, 0);
  EXPECT_EQ(Describe(Histogram(), 1e-6).p99, 0);
}

TEST(Distribution, OfAHistogramIsScaled) {
  Histogram gaps;
  for (int i = 0; i < 99; ++i) gaps.Record(2'000'000);
  gaps.Record(50'000'000);
  const Distribution d = Describe(gaps, 1e-6);
  EXPECT_NEAR(d.p50, 2, 0.01);
  EXPECT_NEAR(d.max, 50, 0.01);
  EXPECT_NEAR(d.mean, 2.48, 1e-9);
  EXPECT_EQ(d.count, 100);
}

}  // namespace
}  // namespace redline::lab
