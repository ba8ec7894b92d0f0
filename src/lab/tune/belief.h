// What is believed of configurations that were not measured, from the planner's forecasts and what
// was measured so far: the planner, refitted by the run.
//
// A forecast may be wrong in the same way for all of an engine, for all that spends its time in the
// same operations, and for all with the same value of an axis. So the logarithm of measured over
// forecast is a Gaussian process whose covariance is the sum of those three (Rasmussen and
// Williams, Gaussian Processes for Machine Learning, 2.2); it is linear in few features, exact, and
// cheap for the hundreds of runs there are.
#pragma once

#include <optional>
#include <vector>

#include "lab/tune/trial.h"
#include "lab/tune/tune_space.h"

namespace redline::lab {

// Standard deviations of logarithms.
struct BeliefScales {
  double engine = 0.25;
  double operation = 0.18;  // of an operation that takes all the time; machines differ by up to 30%
  double axis_value = 0.05;
  double no_forecast_engine = 1.0;  // where nobody forecasts
  double no_forecast_axis_value = 0.15;
  double noise = 0.05;  // of one run
};

struct Believed {
  TuneChoice choice;
  std::optional<Forecast> forecast;
};

struct Posterior {
  double log_value = 0;
  double deviation = 0;
};

class Belief {
 public:
  explicit Belief(BeliefScales scales) : scales_(scales) {}

  // `value` > 0, of one run.
  void Observe(const Believed& subject, double value);
  Posterior Of(const Believed& subject) const;
  size_t num_observed() const { return observed_.size(); }

  // What the run says of the forecasts themselves: the factor between measured and forecast value
  // that goes with an engine, and with an operation that would take all the time.
  double EngineFactor(size_t engine) const;
  double OperationFactor(size_t operation) const;

 private:
  double PriorMean(const Believed& subject) const;
  double Covariance(const Believed& left, const Believed& right) const;
  // Cholesky of the observed covariance, and the weights of the residuals.
  void Solve() const;

  const BeliefScales scales_;
  std::vector<Believed> observed_;
  std::vector<double> logs_;
  mutable bool is_solved_ = false;
  mutable double offset_ = 0;          // the mean of what has no forecast, or of all
  mutable std::vector<double> lower_;  // row-major, n x n
  mutable std::vector<double> weights_;
};

// The mean of what `subject` would gain over `best_log`, as a share: exp(x) - 1 is about x here.
double ExpectedImprovement(const Posterior& posterior, double best_log);

}  // namespace redline::lab
