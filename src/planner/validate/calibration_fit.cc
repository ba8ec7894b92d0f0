#include "planner/validate/calibration_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <thread>

#include "planner/quantile.h"
#include "planner/validate/validation.h"

namespace redline::planner {
namespace {

// A parameter is its prior times e^x.
struct Parameter {
  double (*get)(const EngineCalibration&);
  void (*set)(EngineCalibration&, double);
  double prior;
  double sigma;  // of x
  double limit;  // of |x|
};

#define RL_PARAMETER(field, prior, sigma, limit)                                                \
  Parameter {                                                                                   \
    [](const EngineCalibration& calibration) { return calibration.field; },                     \
        [](EngineCalibration& calibration, double value) { calibration.field = value; }, prior, \
        sigma, limit                                                                            \
  }

// Kernels were measured, so their scales stay near 1; what the host adds was not.
const std::array kParameters = {
    RL_PARAMETER(scales.gemm, 1, 0.2, 1.2),
    RL_PARAMETER(scales.experts, 1, 0.25, 1.2),
    RL_PARAMETER(scales.communication, 1, 0.5, 1.6),
    RL_PARAMETER(scales.prefill, 1, 0.25, 1.2),
    RL_PARAMETER(scales.prefill_attention, 1, 0.3, 1.2),
    RL_PARAMETER(scales.decode_attention, 1, 0.25, 1.2),
    RL_PARAMETER(decode_step_ms, 0.7, 1.0, 3.5),
    RL_PARAMETER(prefill_step_ms, 2.0, 1.0, 3.5),
    RL_PARAMETER(prefill_layer_ms, 0.25, 0.6, 2.0),
    RL_PARAMETER(eager_layer_ms, 1.0, 0.8, 2.0),
    RL_PARAMETER(first_token_ms, 30, 1.0, 3.0),
    RL_PARAMETER(first_token_steps, 1.5, 0.8, 3.0),
    RL_PARAMETER(frontend_ms, 4.0, 0.8, 3.0),
};
#undef RL_PARAMETER
constexpr size_t kNumParameters = kParameters.size();
using Vector = std::array<double, kNumParameters>;

constexpr double kPriorWeight = 0.35;
constexpr double kRobustScale = 0.3;  // residuals beyond it count less
constexpr int kMaxIterations = 10;

EngineCalibration CalibrationAt(const Vector& x, const EngineCalibration& base) {
  EngineCalibration calibration = base;
  for (size_t index = 0; index < kNumParameters; ++index) {
    kParameters[index].set(calibration, kParameters[index].prior * std::exp(x[index]));
  }
  return calibration;
}

// Queues magnify TTFT where throughput was measured: it says less there.
double WeightOf(const ValidatedRow& row, const std::string& metric) {
  if (metric == "total_tps") return 4;
  const bool is_saturated = row.run.total_tps > 0;
  if (metric == "ttft") return is_saturated ? 0.5 : 1.5;
  return is_saturated ? 0.5 : 2.5;
}

// Log errors of all metrics, weighted; a fixed number for the same runs.
class Problem {
 public:
  Problem(std::vector<MeasuredRun> runs, EngineCalibration base, int64_t num_threads)
      : runs_(std::move(runs)), base_(std::move(base)), num_threads_(num_threads) {}

  std::vector<double> Residuals(const Vector& x) const {
    const std::vector<EngineCalibration> calibrations = {CalibrationAt(x, base_)};
    std::vector<double> residuals;
    for (const ValidatedRow& row : ValidateAll(calibrations)) {
      for (const ValidatedMetric& metric : row.metrics) {
        residuals.push_back(WeightOf(row, metric.name) *
                            std::log(metric.predicted.value / metric.measured));
      }
    }
    return residuals;
  }

  const std::vector<MeasuredRun>& runs() const { return runs_; }
  const EngineCalibration& base() const { return base_; }

 private:
  std::vector<ValidatedRow> ValidateAll(const std::vector<EngineCalibration>& calibrations) const {
    const auto share = static_cast<size_t>(std::max<int64_t>(num_threads_, 1));
    std::vector<std::vector<ValidatedRow>> parts(share);
    std::vector<std::thread> threads;
    const size_t size = (runs_.size() + share - 1) / share;
    for (size_t part = 0; part < share; ++part) {
      threads.emplace_back([&, part] {
        const size_t begin = std::min(part * size, runs_.size());
        const size_t end = std::min(begin + size, runs_.size());
        parts[part] = Validate({runs_.begin() + static_cast<std::ptrdiff_t>(begin),
                                runs_.begin() + static_cast<std::ptrdiff_t>(end)},
                               {.calibrations = &calibrations});
      });
    }
    std::vector<ValidatedRow> rows;
    for (size_t part = 0; part < share; ++part) {
      threads[part].join();
      std::move(parts[part].begin(), parts[part].end(), std::back_inserter(rows));
    }
    return rows;
  }

  const std::vector<MeasuredRun> runs_;
  const EngineCalibration base_;  // engine, versions, model
  const int64_t num_threads_;
};

// 2 c^2 (sqrt(1 + (r / c)^2) - 1): squares near 0, absolute values far away.
double Loss(const std::vector<double>& residuals, const Vector& x) {
  double sum = 0;
  for (const double residual : residuals) {
    const double z = residual / kRobustScale;
    sum += 2 * kRobustScale * kRobustScale * (std::sqrt(1 + z * z) - 1);
  }
  for (size_t index = 0; index < kNumParameters; ++index) {
    const double pull = kPriorWeight * x[index] / kParameters[index].sigma;
    sum += pull * pull;
  }
  return sum;
}

using Matrix = std::array<Vector, kNumParameters>;

// Solves a positive definite system by Cholesky's method.
Vector Solve(Matrix matrix, Vector right) {
  for (size_t row = 0; row < kNumParameters; ++row) {
    for (size_t column = 0; column <= row; ++column) {
      double sum = matrix[row][column];
      for (size_t k = 0; k < column; ++k) sum -= matrix[row][k] * matrix[column][k];
      matrix[row][column] =
          row == column ? std::sqrt(std::max(sum, 1e-12)) : sum / matrix[column][column];
    }
  }
  for (size_t row = 0; row < kNumParameters; ++row) {
    for (size_t k = 0; k < row; ++k) right[row] -= matrix[row][k] * right[k];
    right[row] /= matrix[row][row];
  }
  for (size_t row = kNumParameters; row-- > 0;) {
    for (size_t k = row + 1; k < kNumParameters; ++k) right[row] -= matrix[k][row] * right[k];
    right[row] /= matrix[row][row];
  }
  return right;
}

Vector Clamped(Vector x) {
  for (size_t index = 0; index < kNumParameters; ++index) {
    x[index] = std::clamp(x[index], -kParameters[index].limit, kParameters[index].limit);
  }
  return x;
}

// The problem near a point, as normal equations with weights that far residuals have less of.
struct Linearised {
  Matrix normal{};
  Vector gradient{};
};

Linearised Linearise(const Problem& problem, const Vector& x,
                     const std::vector<double>& residuals) {
  constexpr double kStep = 0.04;
  std::array<std::vector<double>, kNumParameters> slopes;
  for (size_t index = 0; index < kNumParameters; ++index) {
    Vector moved = x;
    moved[index] += kStep;
    slopes[index] = problem.Residuals(moved);
    // A run that stopped being covered has no slope.
    if (slopes[index].size() != residuals.size()) slopes[index] = residuals;
    for (size_t row = 0; row < residuals.size(); ++row) {
      slopes[index][row] = (slopes[index][row] - residuals[row]) / kStep;
    }
  }
  Linearised linearised;
  for (size_t row = 0; row < residuals.size(); ++row) {
    const double z = residuals[row] / kRobustScale;
    const double weight = 1 / std::sqrt(1 + z * z);
    for (size_t a = 0; a < kNumParameters; ++a) {
      linearised.gradient[a] -= weight * slopes[a][row] * residuals[row];
      for (size_t b = 0; b < kNumParameters; ++b) {
        linearised.normal[a][b] += weight * slopes[a][row] * slopes[b][row];
      }
    }
  }
  for (size_t index = 0; index < kNumParameters; ++index) {
    const double pull = kPriorWeight / kParameters[index].sigma;
    linearised.normal[index][index] += pull * pull;
    linearised.gradient[index] -= pull * pull * x[index];
  }
  return linearised;
}

// A point, what it leaves and what that is worth.
struct Candidate {
  Vector x{};
  std::vector<double> residuals;
  double loss = 0;
};

Candidate CandidateAt(const Problem& problem, const Vector& x) {
  Candidate candidate{.x = x, .residuals = problem.Residuals(x)};
  candidate.loss = Loss(candidate.residuals, x);
  return candidate;
}

// Gauss-Newton with Levenberg's damping.
Vector Minimize(const Problem& problem) {
  Candidate best = CandidateAt(problem, {});
  double damping = 1e-2;
  for (int iteration = 0; iteration < kMaxIterations; ++iteration) {
    const Linearised linearised = Linearise(problem, best.x, best.residuals);
    const double before = best.loss;
    for (int attempt = 0; attempt < 5 && best.loss == before; ++attempt) {
      Matrix damped = linearised.normal;
      for (size_t index = 0; index < kNumParameters; ++index) {
        damped[index][index] *= 1 + damping;
      }
      const Vector step = Solve(damped, linearised.gradient);
      Vector moved = best.x;
      for (size_t index = 0; index < kNumParameters; ++index) moved[index] += step[index];
      Candidate next = CandidateAt(problem, Clamped(moved));
      const bool is_better =
          next.residuals.size() == best.residuals.size() && next.loss < best.loss;
      damping *= is_better ? 0.3 : 5;
      if (is_better) best = std::move(next);
    }
    if (best.loss > before * (1 - 2e-3)) break;
  }
  return best.x;
}

double Rounded(double value) { return std::round(value * 1e4) / 1e4; }

EngineCalibration Fit(const Problem& problem) {
  EngineCalibration calibration = CalibrationAt(Minimize(problem), problem.base());
  for (const Parameter& parameter : kParameters) {
    parameter.set(calibration, Rounded(parameter.get(calibration)));
  }
  return calibration;
}

using Errors = std::map<std::string, std::vector<double>>;

// Of predictions with a calibration that has not seen the runs.
void AddErrors(const std::vector<MeasuredRun>& runs, const EngineCalibration& calibration,
               Errors& errors) {
  const std::vector<EngineCalibration> calibrations = {calibration};
  for (const ValidatedRow& row : Validate(runs, {.calibrations = &calibrations})) {
    for (const ValidatedMetric& metric : row.metrics) {
      errors[metric.name].push_back(std::abs(std::log(metric.measured / metric.predicted.value)));
    }
  }
}

// Half the width that holds 80% of the logarithmic errors.
void SetBands(Errors& errors, EngineCalibration& calibration) {
  const auto set = [&](const char* metric, double& band) {
    if (errors[metric].size() >= 5) {
      band = Rounded(std::max(Quantile(errors[metric], 0.8), 0.02));
    }
  };
  set("total_tps", calibration.throughput_band);
  set("ttft", calibration.ttft_band);
  set("tpot", calibration.tpot_band);
  // Throughput follows the time of a token where it was not measured itself.
  if (errors["total_tps"].empty()) {
    calibration.throughput_band = std::max(calibration.tpot_band, 0.1);
  }
}

// A model's runs, each third predicted by a fit to the others.
Errors ErrorsOfModel(const std::vector<MeasuredRun>& runs, const EngineCalibration& base,
                     int64_t num_threads) {
  constexpr size_t kFolds = 3;
  Errors errors;
  for (size_t fold = 0; fold < kFolds && runs.size() >= 2 * kFolds; ++fold) {
    std::vector<MeasuredRun> seen;
    std::vector<MeasuredRun> unseen;
    for (size_t index = 0; index < runs.size(); ++index) {
      (index % kFolds == fold ? unseen : seen).push_back(runs[index]);
    }
    AddErrors(unseen, Fit(Problem(seen, base, num_threads)), errors);
  }
  return errors;
}

// An engine's version with the runs of one model each.
struct Group {
  EngineCalibration base;  // without a model
  std::map<std::string, std::vector<MeasuredRun>> runs_of_model;
};

// What an engine's host adds, whatever the model: the geometric mean of its models' fits. Their
// scales are left out: with models left out, scales of others predict worse than none.
EngineCalibration HostOf(const EngineCalibration& base,
                         const std::vector<EngineCalibration>& models) {
  EngineCalibration host = base;
  host.num_runs = 0;
  for (const EngineCalibration& model : models) host.num_runs += model.num_runs;
  for (const Parameter& parameter : kParameters) {
    double sum = 0;
    for (const EngineCalibration& model : models) {
      sum += static_cast<double>(model.num_runs) *
             std::log(std::max(parameter.get(model), parameter.prior * 1e-3));
    }
    const double mean = std::exp(sum / static_cast<double>(std::max<int64_t>(host.num_runs, 1)));
    parameter.set(host, Rounded(parameter.prior == 1 ? 1 : mean));
  }
  return host;
}

// Each model by the host of the others; the only one by its own.
Errors ErrorsOfHost(const Group& group, const std::vector<EngineCalibration>& models) {
  Errors errors;
  for (const EngineCalibration& left_out : models) {
    std::vector<EngineCalibration> others;
    for (const EngineCalibration& model : models) {
      if (models.size() == 1 || model.model != left_out.model) others.push_back(model);
    }
    AddErrors(group.runs_of_model.at(left_out.model), HostOf(group.base, others), errors);
  }
  return errors;
}

std::vector<EngineCalibration> FitGroup(const Group& group, const FitOptions& options) {
  std::vector<EngineCalibration> models;
  std::vector<EngineCalibration> written;
  for (const auto& [model, runs] : group.runs_of_model) {
    EngineCalibration base = group.base;
    base.model = model;
    base.num_runs = static_cast<int64_t>(runs.size());
    models.push_back(Fit(Problem(runs, base, options.num_threads)));
    if (options.runs_for_model <= 0 || base.num_runs < options.runs_for_model) continue;
    written.push_back(models.back());
    if (!options.finds_bands) continue;
    Errors errors = ErrorsOfModel(runs, base, options.num_threads);
    SetBands(errors, written.back());
  }
  EngineCalibration host = HostOf(group.base, models);
  if (options.finds_bands) {
    Errors errors = ErrorsOfHost(group, models);
    SetBands(errors, host);
  }
  written.insert(written.begin(), host);
  return written;
}

}  // namespace

Result<std::vector<EngineCalibration>> FitCalibrations(const std::vector<MeasuredRun>& runs,
                                                       const FitOptions& options) {
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (const MeasuredRun& run : runs) {
    if (!run.not_covered.empty()) continue;
    const auto plan = PlanOfRun(run, nullptr);
    if (!plan.ok()) continue;
    const EngineSettings& settings = (*plan)->plan.settings;
    Group& group = groups[{settings.engine, settings.version}];
    group.base.engine = settings.engine;
    group.base.source = options.source;
    group.base.versions.clear();
    if (!settings.version.empty()) group.base.versions.push_back(settings.version);
    group.runs_of_model[(*plan)->shape.architecture].push_back(run);
  }
  std::vector<EngineCalibration> calibrations;
  for (const auto& [key, group] : groups) {
    for (EngineCalibration& calibration : FitGroup(group, options)) {
      if (options.progress) {
        options.progress(fmt::format("{}@{} {}: {} runs, bands {:.0f}% TTFT, {:.0f}% TPOT",
                                     key.first, key.second.empty() ? "any" : key.second,
                                     calibration.model.empty() ? "any model" : calibration.model,
                                     calibration.num_runs, 100 * std::expm1(calibration.ttft_band),
                                     100 * std::expm1(calibration.tpot_band)));
      }
      calibrations.push_back(std::move(calibration));
    }
  }
  if (calibrations.empty()) return NotFound("no run can be predicted, so nothing can be fitted");
  return calibrations;
}

}  // namespace redline::planner
