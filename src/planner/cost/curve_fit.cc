#include "planner/cost/curve_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "planner/quantile.h"

namespace redline::planner {
namespace {

// A weak pull between neighbours on the grid: it decides only where nothing was measured.
constexpr double kSmoothing = 1e-3;
constexpr int kMaxIterations = 400;

struct Row {
  std::array<CurveCorner, 1 << kMaxCurveAxes> corners;
  size_t count = 0;
  double target = 0;
};

class LeastSquares {
 public:
  LeastSquares(std::span<const MeasuredPoint> points, const Curve& curve)
      : axes_(curve.axes), num_values_(1) {
    for (const CurveAxis& axis : axes_) num_values_ *= axis.knots.size();
    rows_.reserve(points.size());
    for (const MeasuredPoint& point : points) {
      Row& row = rows_.emplace_back();
      row.count = CornersOf(axes_, point.coordinates, row.corners, nullptr);
      row.target = std::log(point.ratio);
    }
  }

  // Conjugate gradients on the normal equations.
  std::vector<double> Solve() const {
    std::vector<double> solution(num_values_, MeanTarget());
    std::vector<double> residual = Negative(Gradient(solution));
    std::vector<double> direction = residual;
    double norm = Dot(residual, residual);
    const double enough = norm * 1e-12;
    for (int iteration = 0; iteration < kMaxIterations && norm > enough; ++iteration) {
      const std::vector<double> image = Product(direction);
      const double step = norm / Dot(direction, image);
      for (size_t index = 0; index < num_values_; ++index) {
        solution[index] += step * direction[index];
        residual[index] -= step * image[index];
      }
      const double next = Dot(residual, residual);
      for (size_t index = 0; index < num_values_; ++index) {
        direction[index] = residual[index] + next / norm * direction[index];
      }
      norm = next;
    }
    return solution;
  }

  std::vector<double> RelativeErrors(const std::vector<double>& solution) const {
    std::vector<double> errors;
    errors.reserve(rows_.size());
    for (const Row& row : rows_) {
      errors.push_back(std::abs(std::expm1(ValueOf(row, solution) - row.target)));
    }
    return errors;
  }

 private:
  static double Dot(const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  }
  static std::vector<double> Negative(std::vector<double> values) {
    for (double& value : values) value = -value;
    return values;
  }
  static double ValueOf(const Row& row, const std::vector<double>& values) {
    double sum = 0;
    for (size_t corner = 0; corner < row.count; ++corner) {
      sum += row.corners[corner].weight * values[row.corners[corner].index];
    }
    return sum;
  }

  double MeanTarget() const {
    double sum = 0;
    for (const Row& row : rows_) sum += row.target;
    return rows_.empty() ? 0 : sum / static_cast<double>(rows_.size());
  }

  void AddRow(const Row& row, double factor, std::vector<double>& sum) const {
    for (size_t corner = 0; corner < row.count; ++corner) {
      sum[row.corners[corner].index] += factor * row.corners[corner].weight;
    }
  }

  void AddSmoothing(const std::vector<double>& values, std::vector<double>& sum) const {
    size_t stride = num_values_;
    for (const CurveAxis& axis : axes_) {
      const size_t size = axis.knots.size();
      stride /= size;
      for (size_t index = 0; index < num_values_; ++index) {
        if (index / stride % size + 1 == size) continue;
        const double difference = kSmoothing * (values[index + stride] - values[index]);
        sum[index] -= difference;
        sum[index + stride] += difference;
      }
    }
  }

  std::vector<double> Product(const std::vector<double>& values) const {
    std::vector<double> sum(num_values_, 0);
    for (const Row& row : rows_) AddRow(row, ValueOf(row, values), sum);
    AddSmoothing(values, sum);
    return sum;
  }
  std::vector<double> Gradient(const std::vector<double>& values) const {
    std::vector<double> sum(num_values_, 0);
    for (const Row& row : rows_) AddRow(row, ValueOf(row, values) - row.target, sum);
    AddSmoothing(values, sum);
    return sum;
  }

  const std::vector<CurveAxis>& axes_;
  size_t num_values_;
  std::vector<Row> rows_;
};

}  // namespace

void FitCurve(std::span<const MeasuredPoint> points, Curve& curve) {
  const LeastSquares problem(points, curve);
  curve.log_ratios = problem.Solve();
  curve.num_measured = static_cast<int64_t>(points.size());
  const std::vector<double> errors = problem.RelativeErrors(curve.log_ratios);
  curve.median_error = Quantile(errors, 0.5);
  curve.p90_error = Quantile(errors, 0.9);
}

}  // namespace redline::planner
