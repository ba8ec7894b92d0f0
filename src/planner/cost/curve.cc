#include "planner/cost/curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace redline::planner {
namespace {

struct Place {
  size_t lower = 0;
  double fraction = 0;  // of the way to the next knot, in logarithms
  bool is_inside = true;
};

Place PlaceOn(const CurveAxis& axis, double coordinate) {
  const std::vector<double>& knots = axis.knots;
  Place place;
  place.is_inside = coordinate >= knots.front() && coordinate <= knots.back();
  const double inside = std::clamp(coordinate, knots.front(), knots.back());
  const auto above = std::upper_bound(knots.begin() + 1, knots.end() - 1, inside);
  place.lower = static_cast<size_t>(above - knots.begin()) - 1;
  const double low = knots[place.lower];
  if (inside == low) return place;
  if (axis.log_knots.empty()) {
    place.fraction = std::log(inside / low) / std::log(knots[place.lower + 1] / low);
  } else {
    const double log_low = axis.log_knots[place.lower];
    place.fraction = (std::log(inside) - log_low) / (axis.log_knots[place.lower + 1] - log_low);
  }
  return place;
}

Status ValidateAxis(const Curve& curve, const CurveAxis& axis) {
  bool is_rising = axis.knots.size() >= 2 && axis.knots.front() > 0;
  for (size_t index = 0; index < axis.knots.size(); ++index) {
    is_rising = is_rising && std::isfinite(axis.knots[index]) &&
                (index == 0 || axis.knots[index] > axis.knots[index - 1]);
  }
  if (is_rising) return OkStatus();
  return InvalidArgument(
      fmt::format("curve {} {} {}: the knots of axis \"{}\" must be at least two "
                  "positive numbers, each above the one before",
                  curve.op, curve.engine, curve.dtype, axis.name),
      "axes");
}

}  // namespace

size_t CornersOf(std::span<const CurveAxis> axes, std::span<const double> coordinates,
                 std::span<CurveCorner, 1 << kMaxCurveAxes> corners, bool* is_covered) {
  size_t count = 1;
  corners[0] = {.index = 0, .weight = 1};
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    const Place place = PlaceOn(axes[axis], coordinates[axis]);
    if (is_covered != nullptr) *is_covered = *is_covered && place.is_inside;
    const size_t size = axes[axis].knots.size();
    for (size_t corner = 0; corner < count; ++corner) {
      const CurveCorner low = corners[corner];
      const size_t index = low.index * size + place.lower;
      corners[corner] = {.index = index, .weight = low.weight * (1 - place.fraction)};
      corners[count + corner] = {.index = index + 1, .weight = low.weight * place.fraction};
    }
    count *= 2;
  }
  return count;
}

void TakeLogarithms(std::span<CurveAxis> axes) {
  for (CurveAxis& axis : axes) {
    axis.log_knots.clear();
    for (const double knot : axis.knots) axis.log_knots.push_back(std::log(knot));
  }
}

CurveReading ReadCurve(const Curve& curve, std::span<const double> coordinates) {
  std::array<CurveCorner, 1 << kMaxCurveAxes> corners;
  CurveReading reading;
  const size_t count = CornersOf(curve.axes, coordinates, corners, &reading.is_covered);
  double log_ratio = 0;
  for (size_t corner = 0; corner < count; ++corner) {
    log_ratio += corners[corner].weight * curve.log_ratios[corners[corner].index];
  }
  reading.ratio = std::exp(log_ratio);
  return reading;
}

Status ValidateCurve(const Curve& curve) {
  if (curve.axes.empty() || curve.axes.size() > kMaxCurveAxes) {
    return InvalidArgument(fmt::format("curve {}: {} axes; it has 1 to {}", curve.op,
                                       curve.axes.size(), kMaxCurveAxes),
                           "axes");
  }
  size_t num_values = 1;
  for (const CurveAxis& axis : curve.axes) {
    RL_RETURN_IF_ERROR(ValidateAxis(curve, axis));
    num_values *= axis.knots.size();
    if (num_values > kMaxCurveValues) break;
  }
  if (num_values != curve.log_ratios.size()) {
    return InvalidArgument(
        fmt::format("curve {} {} {}: {} values on a grid of {}", curve.op, curve.engine,
                    curve.dtype, curve.log_ratios.size(), num_values),
        "log_ratios");
  }
  const bool is_finite = std::all_of(curve.log_ratios.begin(), curve.log_ratios.end(),
                                     [](double value) { return std::abs(value) < 50; });
  if (is_finite) return OkStatus();
  return InvalidArgument(fmt::format("curve {} {} {}: a value is not within 50 of 0", curve.op,
                                     curve.engine, curve.dtype),
                         "log_ratios");
}

}  // namespace redline::planner
