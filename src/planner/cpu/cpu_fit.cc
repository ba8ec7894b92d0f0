#include "planner/cpu/cpu_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "planner/cpu/cpu_plan.h"
#include "planner/cpu/cpu_policy.h"
#include "planner/predict/prediction.h"
#include "planner/quantile.h"

namespace redline::planner {
namespace {

constexpr size_t kLeastPoints = 8;
constexpr int kNumIterations = 12;
constexpr double kHuber = 0.08;       // relative errors beyond it count less
constexpr double kSmoothness = 0.03;  // of neighbouring row costs
constexpr double kRidge = 0.002;      // of each cost, against those that nothing decides

// Where the search begins: any order of magnitude will do.
CpuCosts Beginning() {
  CpuCosts costs;
  costs[CpuCost::kStep] = 3000;
  for (size_t regime = 0; regime < kNumRowCosts; ++regime)
    costs.us[static_cast<size_t>(CpuCost::kRowTo4) + regime] = 600;
  costs[CpuCost::kSampledRow] = 300;
  costs[CpuCost::kDecodeContext] = 1;
  costs[CpuCost::kPaddedContext] = 0.1;
  costs[CpuCost::kPrefillPair] = 0.3;
  costs[CpuCost::kPrompt] = 300;
  costs[CpuCost::kRequest] = 300;
  costs[CpuCost::kAnswer] = 1000;
  return costs;
}

// The figures of a point that count: all are positive.
std::vector<double> FiguresOf(const CpuPoint& point) {
  std::vector<double> figures = {point.ttft_ms, point.duration_s * 1e3};
  if (point.output_tokens > 1) figures.push_back(point.tpot_ms);
  return figures;
}

class Fitter {
 public:
  Fitter(const SchedulerPolicy& policy, const std::vector<CpuPoint>& points)
      : policy_(policy), points_(points) {
    for (const CpuPoint& point : points) {
      for (const double figure : FiguresOf(point)) measured_.push_back(figure);
    }
  }

  // Figures over the measured ones, less 1.
  Result<std::vector<double>> Errors(const CpuCosts& costs) const {
    std::vector<double> errors;
    for (const CpuPoint& point : points_) {
      RL_ASSIGN_OR_RETURN(const CpuPoint simulated, SimulatePoint(point, policy_, costs));
      for (const double figure : FiguresOf(simulated)) {
        errors.push_back(figure / measured_[errors.size()] - 1);
      }
    }
    return errors;
  }

  Result<CpuCosts> Improve(const CpuCosts& costs) const {
    RL_ASSIGN_OR_RETURN(const std::vector<double> errors, Errors(costs));
    std::vector<std::vector<double>> slopes;  // by cost
    for (size_t index = 0; index < kNumCpuCosts; ++index) {
      CpuCosts more = costs;
      const double step = std::max(costs.us[index] * 0.02, Beginning().us[index] * 1e-3);
      more.us[index] += step;
      RL_ASSIGN_OR_RETURN(std::vector<double> slope, Errors(more));
      for (size_t row = 0; row < slope.size(); ++row)
        slope[row] = (slope[row] - errors[row]) / step;
      slopes.push_back(std::move(slope));
    }
    return Solve(costs, errors, slopes);
  }

 private:
  CpuCosts Solve(const CpuCosts& costs, const std::vector<double>& errors,
                 const std::vector<std::vector<double>>& slopes) const {
    std::vector<std::vector<double>> matrix;
    std::vector<double> right;
    std::array<double, kNumCpuCosts> norms{};
    for (size_t row = 0; row < errors.size(); ++row) {
      const double weight = std::sqrt(kHuber / std::max(std::abs(errors[row]), kHuber));
      std::vector<double> line(kNumCpuCosts);
      double target = -errors[row];
      for (size_t index = 0; index < kNumCpuCosts; ++index) {
        line[index] = weight * slopes[index][row];
        target += slopes[index][row] * costs.us[index];
        norms[index] += line[index] * line[index];
      }
      matrix.push_back(std::move(line));
      right.push_back(weight * target);
    }
    AddPriors(norms, matrix, right);
    const std::vector<double> solved = NonNegativeLeastSquares(matrix, right, kNumCpuCosts);
    CpuCosts better;
    std::copy(solved.begin(), solved.end(), better.us.begin());
    return better;
  }

  static void AddPriors(const std::array<double, kNumCpuCosts>& norms,
                        std::vector<std::vector<double>>& matrix, std::vector<double>& right) {
    const auto first = static_cast<size_t>(CpuCost::kRowTo4);
    for (size_t index = 0; index < kNumCpuCosts; ++index) {
      std::vector<double> ridge(kNumCpuCosts);
      ridge[index] = kRidge * std::sqrt(norms[index]);
      matrix.push_back(std::move(ridge));
      right.push_back(0);
      if (index < first || index + 1 >= first + kNumRowCosts) continue;
      std::vector<double> smooth(kNumCpuCosts);
      const double weight =
          kSmoothness * std::sqrt(std::sqrt(norms[index]) * std::sqrt(norms[index + 1]));
      smooth[index] = weight;
      smooth[index + 1] = -weight;
      matrix.push_back(std::move(smooth));
      right.push_back(0);
    }
  }

  const SchedulerPolicy policy_;
  const std::vector<CpuPoint>& points_;
  std::vector<double> measured_;
};

double LossOf(const std::vector<double>& errors) {
  double loss = 0;
  for (const double error : errors) {
    const double size = std::abs(error);
    loss += size < kHuber ? size * size : kHuber * (2 * size - kHuber);
  }
  return loss;
}

Status CheckPoints(const std::vector<CpuPoint>& points) {
  if (points.size() < kLeastPoints) {
    return InvalidArgument(
        fmt::format("{} points were measured; a fit needs {}", points.size(), kLeastPoints),
        "points");
  }
  for (const CpuPoint& point : points) {
    for (const double figure : FiguresOf(point)) {
      if (figure > 0) continue;
      return InvalidArgument(
          fmt::format("point \"{}\" has no time; measure it again, or leave it out", point.name),
          "points");
    }
  }
  return OkStatus();
}

}  // namespace

std::vector<double> NonNegativeLeastSquares(const std::vector<std::vector<double>>& matrix,
                                            std::span<const double> right, size_t num_unknowns) {
  // Coordinate descent on the normal equations, columns of length 1.
  std::vector<double> norms(num_unknowns);
  for (const auto& row : matrix) {
    for (size_t column = 0; column < num_unknowns; ++column)
      norms[column] += row[column] * row[column];
  }
  for (double& norm : norms) norm = norm > 0 ? std::sqrt(norm) : 1;
  std::vector<std::vector<double>> gram(num_unknowns, std::vector<double>(num_unknowns));
  std::vector<double> slope(num_unknowns);
  for (size_t row = 0; row < matrix.size(); ++row) {
    for (size_t left = 0; left < num_unknowns; ++left) {
      const double value = matrix[row][left] / norms[left];
      slope[left] -= value * right[row];
      for (size_t other = 0; other < num_unknowns; ++other)
        gram[left][other] += value * matrix[row][other] / norms[other];
    }
  }
  std::vector<double> solution(num_unknowns);
  constexpr int kMostSweeps = 50'000;
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    double largest = 0;
    for (size_t column = 0; column < num_unknowns; ++column) {
      if (gram[column][column] <= 0) continue;
      const double next = std::max(0.0, solution[column] - slope[column] / gram[column][column]);
      const double change = next - solution[column];
      if (change == 0) continue;
      solution[column] = next;
      largest = std::max(largest, std::abs(change));
      for (size_t other = 0; other < num_unknowns; ++other)
        slope[other] += change * gram[column][other];
    }
    if (largest < 1e-10) break;
  }
  for (size_t column = 0; column < num_unknowns; ++column) solution[column] /= norms[column];
  return solution;
}

Result<CpuPoint> SimulatePoint(const CpuPoint& point, const SchedulerPolicy& policy,
                               const CpuCosts& costs) {
  const spec::WorkloadSpec workload = WorkloadOfPoint(point);
  RL_ASSIGN_OR_RETURN(const Prediction prediction,
                      Predict(PlanOfCosts(policy, costs), workload, {.explains = false}));
  CpuPoint simulated = point;
  simulated.ttft_ms = prediction.mean_ttft_ms.value;
  simulated.tpot_ms = prediction.mean_tpot_ms.value;
  simulated.duration_s = prediction.duration_s;
  return simulated;
}

Status FitCpuCosts(const spec::ModelSpec& model, CpuCalibration& calibration) {
  RL_RETURN_IF_ERROR(CheckPoints(calibration.points));
  RL_ASSIGN_OR_RETURN(const SchedulerPolicy policy,
                      CpuPolicyOf(calibration.engine, calibration.resolved, model));
  const Fitter fitter(policy, calibration.points);
  CpuCosts costs = Beginning();
  double best_loss = 0;
  for (int iteration = 0; iteration <= kNumIterations; ++iteration) {
    RL_ASSIGN_OR_RETURN(const std::vector<double> errors, fitter.Errors(costs));
    const double loss = LossOf(errors);
    if (iteration == 0 || loss < best_loss) {
      best_loss = loss;
      calibration.costs = costs;
      std::vector<double> sizes;
      for (const double error : errors) sizes.push_back(std::abs(error));
      calibration.median_error = Quantile(sizes, 0.5);
      calibration.p90_error = Quantile(sizes, 0.9);
    }
    RL_ASSIGN_OR_RETURN(costs, fitter.Improve(costs));
  }
  return OkStatus();
}

}  // namespace redline::planner
