// Measured utilisation of one kind of kernel: the logarithm of (time / speed of light) on a grid,
// and multilinear in the logarithms of its coordinates between the grid's knots.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace redline::planner {

inline constexpr size_t kMaxCurveAxes = 4;
inline constexpr size_t kMaxCurveValues = 1 << 16;

struct CurveAxis {
  std::string name;               // "m"
  std::vector<double> knots;      // positive, rising, at least two
  std::vector<double> log_knots;  // of the same, once TakeLogarithms was called
};

struct Curve {
  std::string op;       // "gemm"
  std::string engine;   // "sglang"
  std::string version;  // "0.5.9"
  std::string dtype;    // "fp8_block"
  std::vector<CurveAxis> axes;
  std::vector<double> log_ratios;  // the last axis is the fastest
  int64_t num_measured = 0;        // points that it was fitted to
  double median_error = 0;         // of the fit, relative
  double p90_error = 0;
};

struct CurveReading {
  double ratio = 1;        // time / speed of light
  bool is_covered = true;  // false: outside of the grid, the utilisation of its edge is taken
};

// One coordinate per axis, each positive.
CurveReading ReadCurve(const Curve& curve, std::span<const double> coordinates);

// The corners of the grid's cell around a point and their weights, which add up to 1.
struct CurveCorner {
  size_t index = 0;  // into log_ratios
  double weight = 0;
};
size_t CornersOf(std::span<const CurveAxis> axes, std::span<const double> coordinates,
                 std::span<CurveCorner, 1 << kMaxCurveAxes> corners, bool* is_covered);

// Readings take half as long afterwards. Only of valid axes.
void TakeLogarithms(std::span<CurveAxis> axes);

// Axes rise, sizes agree, numbers are finite.
Status ValidateCurve(const Curve& curve);

}  // namespace redline::planner
