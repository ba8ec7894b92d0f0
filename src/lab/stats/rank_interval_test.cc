#include "lab/stats/rank_interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lab/stats/random.h"

namespace redline::lab {
namespace {

// Near enough to normal for the tests: sum of twelve uniforms.
double Noise(Random& random) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += static_cast<double>(random.Below(1'000'000)) / 1e6;
  return sum;
}

TEST(RankInterval, IsTheTextbooks) {
  // Depression scale factors, Hollander and Wolfe 3.1: estimate -0.46, 95.96% limits -0.786,
  // -0.010.
  const std::vector<double> differences = {-0.952, 0.147,  -1.022, -0.430, -0.620,
                                           -0.590, -0.490, 0.080,  -0.010};
  const auto interval = SignedRankInterval(differences, 0.95);
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->value, -0.46, 1e-9);
  EXPECT_NEAR(interval->low, -0.786, 1e-9);
  EXPECT_NEAR(interval->high, -0.010, 1e-9);
}

TEST(RankInterval, TooFewValuesSayNothing) {
  const std::vector<double> seven = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_FALSE(SignedRankInterval(seven, 0.99));
  EXPECT_TRUE(SignedRankInterval(seven, 0.95));
  EXPECT_FALSE(SignedRankInterval({}, 0.5));
}

TEST(RankInterval, CoversAsOftenAsItSays) {
  Random random(1);
  for (const size_t num_values : {8, 20, 59, 100}) {
    int covered = 0;
    constexpr int kTrials = 1000;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<double> values;
      for (size_t i = 0; i < num_values; ++i) values.push_back(3 + Noise(random));
      const auto interval = SignedRankInterval(values, 0.95);
      covered += interval->low <= 3 && 3 <= interval->high;
    }
    EXPECT_GE(covered, 930) << num_values;
    EXPECT_LE(covered, 985) << num_values;
  }
}

TEST(RankInterval, OneWildValueChangesLittle) {
  Random random(2);
  std::vector<double> values;
  for (int i = 0; i < 12; ++i) values.push_back(Noise(random) / 100);
  const auto tame = SignedRankInterval(values, 0.95);
  values[5] = 1000;
  const auto wild = SignedRankInterval(values, 0.95);
  EXPECT_LT(wild->high - wild->low, 3 * (tame->high - tame->low));
}

}  // namespace
}  // namespace redline::lab
