#include "lab/stats/ratio.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "lab/stats/random.h"

namespace redline::lab {
namespace {

using Values = std::vector<double>;

// exp(sigma * about-normal).
double Noisy(Random& random, double sigma) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += static_cast<double>(random.Below(1'000'000)) / 1e6;
  return std::exp(sigma * sum);
}

TEST(Ratio, OfPairsIsStudentsT) {
  // log ratios 0.1, 0.2, 0.3: mean 0.2, standard error 0.1 / sqrt(3), t(0.975, 2) = 4.3026527.
  const Values a = {1, 1, 1};
  const Values b = {std::exp(0.1), std::exp(0.2), std::exp(0.3)};
  const auto ratio = PairedRatio(a, b, 0.95);
  ASSERT_TRUE(ratio);
  const double half_width = 4.3026527 * 0.1 / std::sqrt(3);
  EXPECT_NEAR(ratio->ratio, std::exp(0.2), 1e-9);
  EXPECT_NEAR(ratio->low, std::exp(0.2 - half_width), 1e-6);
  EXPECT_NEAR(ratio->high, std::exp(0.2 + half_width), 1e-6);
  EXPECT_EQ(ratio->method, "t_of_pairs");
}

TEST(Ratio, WhatCannotBeSaidIsNotSaid) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::pair<Values, Values> cases[] = {{{1, 2}, {1, 2}},         {{1, 2, 3}, {1, 2}},
                                             {{1, 2, 0}, {1, 2, 3}},   {{1, 2, 3}, {1, 2, -3}},
                                             {{1, 2, nan}, {1, 2, 3}}, {{}, {}}};
  for (const auto& [a, b] : cases) EXPECT_FALSE(PairedRatio(a, b, 0.95));
  EXPECT_FALSE(SequentialRatio(Values{1, 2}, Values{1, 2, 3, 4}, 0.95));
}

TEST(Ratio, EqualRepeatsAreAnIntervalOfOnePoint) {
  const Values same = {5, 5, 5};
  const auto ratio = PairedRatio(same, same, 0.99);
  EXPECT_EQ(ratio->low, 1);
  EXPECT_EQ(ratio->high, 1);
  EXPECT_EQ(RepeatsNeeded(*ratio, 0.05), 8);
}

TEST(Ratio, SlowDriftCancelsInPairs) {
  Random random(1);
  Values a, b;
  for (int i = 0; i < 6; ++i) {
    const double drift = 1 + 0.2 * i;
    a.push_back(100 * drift * Noisy(random, 0.005));
    b.push_back(110 * drift * Noisy(random, 0.005));
  }
  const auto paired = PairedRatio(a, b, 0.99);
  EXPECT_GT(paired->low, 1.05);
  const auto apart = SequentialRatio(a, b, 0.99);
  EXPECT_LT(apart->low, 1);
}

TEST(Ratio, TheDetectableChangeIsFoundFourTimesOutOfFive) {
  Random random(7);
  for (const int pairs : {4, 12}) {
    // Average detectable change at this noise, then how often a true change of it is found.
    double detectable = 0;
    constexpr int kTrials = 400;
    const auto draw = [&](double truth) {
      Values a, b;
      for (int i = 0; i < pairs; ++i) {
        a.push_back(Noisy(random, 0.02));
        b.push_back(truth * Noisy(random, 0.02));
      }
      return PairedRatio(a, b, 0.95);
    };
    for (int trial = 0; trial < kTrials; ++trial) detectable += draw(1)->detectable / kTrials;
    int found = 0;
    for (int trial = 0; trial < kTrials; ++trial) found += draw(1 + detectable)->low > 1;
    EXPECT_GE(found, kTrials * 72 / 100) << pairs;
    EXPECT_LE(found, kTrials * 92 / 100) << pairs;
  }
}

TEST(Ratio, MoreNoiseOrASmallerEffectNeedsMoreRepeats) {
  RatioInterval interval{.confidence = 0.99, .spread = 0.02, .degrees = 4};
  const int64_t base = RepeatsNeeded(interval, 0.05);
  EXPECT_GE(base, 8);
  EXPECT_LE(base, 40);
  EXPECT_GT(RepeatsNeeded(interval, 0.01), 4 * base);
  interval.spread = 0.04;
  EXPECT_GT(RepeatsNeeded(interval, 0.05), base);
  interval.spread = 1e9;
  EXPECT_EQ(RepeatsNeeded(interval, 0.05), kMostRepeatsAsked);
}

}  // namespace
}  // namespace redline::lab
