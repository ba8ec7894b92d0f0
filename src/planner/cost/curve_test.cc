#include "planner/cost/curve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "planner/cost/curve_fit.h"

namespace redline::planner {
namespace {

Curve TwoByThree() {
  Curve curve{.op = "gemm", .engine = "sglang", .version = "0.5.9", .dtype = "fp8"};
  curve.axes = {{"m", {1, 16}}, {"n", {64, 256, 1024}}};
  curve.log_ratios = {0, 1, 2, 10, 11, 12};
  return curve;
}

TEST(CurveTest, ReadsKnotsAndTheMiddleInLogarithms) {
  const Curve curve = TwoByThree();
  const struct {
    double m, n, log_ratio;
    bool is_covered;
  } cases[] = {{1, 64, 0, true},    {1, 1024, 2, true},    {16, 256, 11, true},
               {4, 64, 5, true},    {1, 128, 0.5, true},   {4, 512, 6.5, true},
               {0.5, 64, 0, false}, {16, 4096, 12, false}, {1e9, 1, 10, false}};
  for (const auto& one : cases) {
    const double place[] = {one.m, one.n};
    const CurveReading reading = ReadCurve(curve, place);
    EXPECT_NEAR(std::log(reading.ratio), one.log_ratio, 1e-9) << one.m << " " << one.n;
    EXPECT_EQ(reading.is_covered, one.is_covered) << one.m << " " << one.n;
  }
}

TEST(CurveTest, RefusesWhatIsNoGrid) {
  EXPECT_TRUE(ValidateCurve(TwoByThree()).ok());
  const auto refused = [](auto change) {
    Curve curve = TwoByThree();
    change(curve);
    const Status status = ValidateCurve(curve);
    EXPECT_FALSE(status.ok());
    return status.param();
  };
  EXPECT_EQ(refused([](Curve& curve) { curve.axes.clear(); }), "axes");
  EXPECT_EQ(refused([](Curve& curve) { curve.axes[0].knots = {1}; }), "axes");
  EXPECT_EQ(refused([](Curve& curve) { curve.axes[0].knots = {16, 1}; }), "axes");
  EXPECT_EQ(refused([](Curve& curve) { curve.axes[0].knots = {0, 1}; }), "axes");
  EXPECT_EQ(refused([](Curve& curve) { curve.log_ratios.pop_back(); }), "log_ratios");
  EXPECT_EQ(
      refused([](Curve& curve) { curve.log_ratios[2] = std::numeric_limits<double>::quiet_NaN(); }),
      "log_ratios");
  EXPECT_EQ(refused([](Curve& curve) { curve.axes.resize(5, curve.axes[0]); }), "axes");
}

TEST(CurveFitTest, FindsTheGridThatPointsWereMadeFrom) {
  const Curve truth = TwoByThree();
  std::vector<MeasuredPoint> points;
  for (const double m : {1.0, 2.0, 5.0, 11.0, 16.0}) {
    for (const double n : {64.0, 100.0, 256.0, 500.0, 1024.0}) {
      const double place[] = {m, n};
      points.push_back({.coordinates = {m, n}, .ratio = ReadCurve(truth, place).ratio});
    }
  }
  Curve fitted = TwoByThree();
  fitted.log_ratios.clear();
  FitCurve(points, fitted);
  ASSERT_EQ(fitted.log_ratios.size(), truth.log_ratios.size());
  for (size_t index = 0; index < truth.log_ratios.size(); ++index) {
    EXPECT_NEAR(fitted.log_ratios[index], truth.log_ratios[index], 0.05) << index;
  }
  EXPECT_EQ(fitted.num_measured, 25);
  EXPECT_LT(fitted.p90_error, 0.02);
}

TEST(CurveFitTest, WhatNobodyMeasuredIsAsItsNeighbours) {
  Curve fitted = TwoByThree();
  const std::vector<MeasuredPoint> points = {{.coordinates = {1, 64}, .ratio = std::exp(2)}};
  FitCurve(points, fitted);
  for (const double value : fitted.log_ratios) EXPECT_NEAR(value, 2, 0.1);
}

}  // namespace
}  // namespace redline::planner
