#include "planner/cpu/cpu_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "planner/cpu/cpu_policy.h"

namespace redline::planner {
namespace {

spec::ModelSpec SmallModel() {
  return {.architecture = "llama", .context_length = 8192, .kv_bytes_per_token = 46080};
}

spec::Parameters NativeParameters() {
  return {{"max_running_requests", int64_t{64}},
          {"chunked_prefill_size", int64_t{512}},
          {"max_total_tokens", int64_t{32768}}};
}

CpuCosts Planted() {
  CpuCosts costs;
  costs.us = {4000, 900, 700, 450, 400, 380, 250, 1.5, 0, 0.6, 800, 200, 1500};
  return costs;
}

// A calibration run of an engine that has exactly these costs, but for noise.
CpuCalibration Observed(const CpuCosts& costs, double noise) {
  CpuCalibration calibration{.engine = "native", .resolved = NativeParameters()};
  const auto policy = CpuPolicyOf("native", calibration.resolved, SmallModel());
  std::mt19937 random(7);
  std::normal_distribution<double> normal(1, noise);
  for (const CpuPoint& load : CalibrationDesign(8192)) {
    CpuPoint point = SimulatePoint(load, *policy, costs).value();
    point.ttft_ms *= normal(random);
    point.tpot_ms *= normal(random);
    point.duration_s *= normal(random);
    calibration.points.push_back(point);
  }
  return calibration;
}

TEST(NonNegativeLeastSquares, SolvesAndKeepsTheSign) {
  struct Case {
    std::vector<std::vector<double>> matrix;
    std::vector<double> right;
    std::vector<double> expected;
  };
  const Case cases[] = {
      {{{2, 0}, {0, 4}}, {2, 8}, {1, 2}},
      {{{1, 1}, {1, 2}, {1, 3}}, {3, 5, 7}, {1, 2}},
      {{{1, 0}, {0, 1}}, {-3, 2}, {0, 2}},
      {{{1, 1}, {1, 0}}, {1, 2}, {1.5, 0}},
      {{{0, 1}}, {3}, {0, 3}},
  };
  for (const Case& each : cases) {
    const auto solution = NonNegativeLeastSquares(each.matrix, each.right, 2);
    EXPECT_NEAR(solution[0], each.expected[0], 1e-6);
    EXPECT_NEAR(solution[1], each.expected[1], 1e-6);
  }
}

TEST(CpuFit, FindsPlantedCosts) {
  CpuCalibration calibration = Observed(Planted(), 0);
  ASSERT_TRUE(FitCpuCosts(SmallModel(), calibration).ok());
  EXPECT_LT(calibration.median_error, 0.005);
  EXPECT_LT(calibration.p90_error, 0.02);
  const CpuCosts planted = Planted();
  for (const CpuCost cost : {CpuCost::kRowTo256, CpuCost::kRowBeyond, CpuCost::kPrefillPair,
                             CpuCost::kDecodeContext, CpuCost::kStep}) {
    EXPECT_NEAR(calibration.costs[cost] / planted[cost], 1, 0.15) << NameOf(cost);
  }
}

TEST(CpuFit, PredictsLoadsThatItHasNotSeen) {
  CpuCalibration calibration = Observed(Planted(), 0.03);
  ASSERT_TRUE(FitCpuCosts(SmallModel(), calibration).ok());
  const auto policy = CpuPolicyOf("native", NativeParameters(), SmallModel());
  for (const CpuPoint& load :
       {CpuPoint{.input_tokens = 200, .output_tokens = 60, .num_requests = 20},
        CpuPoint{.input_tokens = 800, .output_tokens = 40, .num_requests = 10},
        CpuPoint{.input_tokens = 50, .output_tokens = 200, .num_requests = 3}}) {
    const CpuPoint truth = SimulatePoint(load, *policy, Planted()).value();
    const CpuPoint predicted = SimulatePoint(load, *policy, calibration.costs).value();
    EXPECT_NEAR(predicted.ttft_ms / truth.ttft_ms, 1, 0.08);
    EXPECT_NEAR(predicted.tpot_ms / truth.tpot_ms, 1, 0.08);
    EXPECT_NEAR(predicted.duration_s / truth.duration_s, 1, 0.08);
  }
}

TEST(CpuFit, RefusesWhatSaysTooLittle) {
  CpuCalibration calibration = Observed(Planted(), 0);
  calibration.points[3].ttft_ms = 0;
  EXPECT_NE(FitCpuCosts(SmallModel(), calibration).message().find("has no time"),
            std::string::npos);
  calibration.points.resize(2);
  EXPECT_NE(FitCpuCosts(SmallModel(), calibration).message().find("a fit needs"),
            std::string::npos);
}

}  // namespace
}  // namespace redline::planner
