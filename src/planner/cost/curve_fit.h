// Fits a curve's grid to measured points by least squares. Pure function.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "planner/cost/curve.h"

namespace redline::planner {

struct MeasuredPoint {
  std::array<double, kMaxCurveAxes> coordinates{};  // as many as axes count
  double ratio = 1;                                 // measured time / speed of light, positive
};

// Fills log_ratios, num_measured and the errors of a curve whose axes are set. Grid points that no
// measurement is near take what their neighbours have.
void FitCurve(std::span<const MeasuredPoint> points, Curve& curve);

}  // namespace redline::planner
