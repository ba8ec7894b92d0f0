#include "lab/stats/tail_bound.h"

#include <gtest/gtest.h>

#include <numeric>

namespace redline::lab {
namespace {

TEST(TailBound, AsManyRequestsAsMlperfAsksFor) {
  EXPECT_EQ(RequestsNeeded(0.90), 64);
  EXPECT_EQ(RequestsNeeded(0.99), 662);
}

TEST(TailBound, DiscardsAsManyAsMlperf) {
  // LoadGen prints after 2048 and 2145 requests that it "would discard 172 (181) highest latency
  // queries" for p90, and takes the next one, which is among those allowed over.
  EXPECT_EQ(AllowedOver(2048, 0.90), 172 + 1);
  EXPECT_EQ(AllowedOver(2145, 0.90), 181 + 1);
  EXPECT_EQ(AllowedOver(64, 0.90), 1);
  EXPECT_FALSE(AllowedOver(63, 0.90));
  EXPECT_FALSE(AllowedOver(0, 0.90));
}

TEST(TailBound, IsAValueOfTheSample) {
  std::vector<double> values(1000);
  std::iota(values.begin(), values.end(), 1.0);
  const auto bound = TailBound(values, 0.99);
  ASSERT_TRUE(bound);
  EXPECT_EQ(*bound, 1000 - static_cast<double>(*AllowedOver(1000, 0.99)));
  EXPECT_GT(*bound, 990);
  EXPECT_FALSE(TailBound({1, 2, 3}, 0.99));
}

}  // namespace
}  // namespace redline::lab
