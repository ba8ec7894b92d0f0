#include "lab/stats/block_bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "lab/stats/random.h"

namespace redline::lab {
namespace {

double Mean(std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// x[i] = memory x[i-1] + noise, mean 0.
std::vector<double> Series(size_t size, double memory, Random& random) {
  std::vector<double> series;
  double value = 0;
  for (size_t i = 0; i < size + 50; ++i) {
    value = memory * value + static_cast<double>(random.Below(2'000'001)) / 1e6 - 1;
    if (i >= 50) series.push_back(value);
  }
  return series;
}

TEST(BlockBootstrap, CoversAlsoWhereNeighboursResembleEachOther) {
  for (const double memory : {0.0, 0.5, 0.8}) {
    Random random(3);
    int covered = 0;
    constexpr int kTrials = 300;
    for (int trial = 0; trial < kTrials; ++trial) {
      const Estimate mean =
          BlockBootstrap({Series(400, memory, random)}, Mean, {.replicates = 200, .seed = 5});
      covered += mean.low <= 0 && 0 <= mean.high;
    }
    EXPECT_GE(covered, kTrials * 85 / 100) << memory;
  }
}

TEST(BlockBootstrap, BlocksAreLongerWhereCorrelationIs) {
  Random random(4);
  EXPECT_LT(BlockLength(Series(1000, 0, random)), 16u);
  EXPECT_GT(BlockLength(Series(1000, 0.9, random)), 16u);
  EXPECT_EQ(BlockLength({}), 1u);
}

TEST(BlockBootstrap, RepeatsAreStrata) {
  // Two repeats that differ tenfold but are each constant: drawing within each changes nothing.
  const std::vector<std::vector<double>> strata = {std::vector<double>(50, 1.0),
                                                   std::vector<double>(50, 10.0)};
  const Estimate mean = BlockBootstrap(strata, Mean);
  EXPECT_DOUBLE_EQ(mean.low, 5.5);
  EXPECT_DOUBLE_EQ(mean.high, 5.5);
}

TEST(BlockBootstrap, TheSameSeedGivesTheSameLimits) {
  Random random(6);
  const std::vector<std::vector<double>> strata = {Series(200, 0.3, random)};
  const Estimate once = BlockBootstrap(strata, Mean, {.seed = 9});
  const Estimate again = BlockBootstrap(strata, Mean, {.seed = 9});
  EXPECT_EQ(once.low, again.low);
  EXPECT_EQ(once.high, again.high);
  EXPECT_NE(once.low, BlockBootstrap(strata, Mean, {.seed = 10}).low);
}

TEST(BlockBootstrap, FewValuesAreNoInterval) {
  EXPECT_EQ(BlockBootstrap({}, Mean).value, 0);
  const Estimate one = BlockBootstrap({{}, {4.0}}, Mean);
  EXPECT_EQ(one.low, 4);
  EXPECT_EQ(one.high, 4);
}

}  // namespace
}  // namespace redline::lab
