#include "planner/virtual/truth_cost.h"

#include <gtest/gtest.h>

#include <cmath>

#include "planner/virtual/setup_for_test.h"

namespace redline::planner {
namespace {

TEST(TruthFactorTest, IsTheMachinesAlone) {
  double least = 2;
  double most = 0;
  for (uint64_t seed = 1; seed < 200; ++seed) {
    for (size_t index = 0; index < kNumOperations; ++index) {
      const double factor = TruthFactor(seed, static_cast<Operation>(index));
      EXPECT_EQ(factor, TruthFactor(seed, static_cast<Operation>(index)));
      least = std::min(least, factor);
      most = std::max(most, factor);
    }
  }
  EXPECT_GE(least, 1 / kMostTruthFactor);
  EXPECT_LE(most, kMostTruthFactor);
  EXPECT_LT(least, 0.78);
  EXPECT_GT(most, 1.29);
  EXPECT_EQ(TruthFactor(0, Operation::kExperts), 1);
}

TEST(TruthCostTest, DisturbsStepsWithinItsBounds) {
  const auto setup = SetupForTest();
  const RankStep step{.decode_requests = 32, .decode_context_tokens = 32000, .sampled_rows = 32};
  const double known = setup->plan.cost->SecondsOf({&step, 1});
  EXPECT_EQ(TruthCost(*setup->plan.cost, {}).SecondsOf({&step, 1}), known);
  int num_different = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const double seconds = TruthCost(*setup->plan.cost, {.truth_seed = seed}).SecondsOf({&step, 1});
    EXPECT_GE(seconds, known / kMostTruthFactor);
    EXPECT_LE(seconds, known * kMostTruthFactor);
    num_different += std::abs(seconds / known - 1) > 0.01;
  }
  EXPECT_GT(num_different, 10);
}

TEST(TruthCostTest, RunsOfOneMachineDifferByTheNoise) {
  const auto setup = SetupForTest();
  const RankStep step{.decode_requests = 8, .decode_context_tokens = 800, .sampled_rows = 8};
  const double quiet = TruthCost(*setup->plan.cost, {.truth_seed = 3}).SecondsOf({&step, 1});
  double sum = 0;
  double squares = 0;
  constexpr int kRuns = 400;
  for (uint64_t run = 0; run < kRuns; ++run) {
    const TruthOptions options{.truth_seed = 3, .run_seed = run, .noise = 0.02};
    const TruthCost cost(*setup->plan.cost, options);
    const double first = cost.SecondsOf({&step, 1});
    EXPECT_NE(first, cost.SecondsOf({&step, 1})) << "each step has its own";
    EXPECT_EQ(first, TruthCost(*setup->plan.cost, options).SecondsOf({&step, 1})) << "by the seed";
    sum += std::log(first / quiet);
    squares += std::log(first / quiet) * std::log(first / quiet);
  }
  EXPECT_NEAR(sum / kRuns, 0, 0.005);
  EXPECT_NEAR(std::sqrt(squares / kRuns), 0.02 * std::sqrt(2), 0.004);
}

}  // namespace
}  // namespace redline::planner
