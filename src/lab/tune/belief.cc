#include "lab/tune/belief.h"

#include <algorithm>
#include <cmath>

namespace redline::lab {
namespace {

constexpr double kLeastVariance = 1e-9;

// Solves L x = b in place.
void SolveLower(const std::vector<double>& lower, size_t n, std::vector<double>& b) {
  for (size_t row = 0; row < n; ++row) {
    double sum = b[row];
    for (size_t column = 0; column < row; ++column) sum -= lower[row * n + column] * b[column];
    b[row] = sum / lower[row * n + row];
  }
}

// Solves L' x = b in place.
void SolveUpper(const std::vector<double>& lower, size_t n, std::vector<double>& b) {
  for (size_t row = n; row-- > 0;) {
    double sum = b[row];
    for (size_t other = row + 1; other < n; ++other) sum -= lower[other * n + row] * b[other];
    b[row] = sum / lower[row * n + row];
  }
}

double Square(double value) { return value * value; }

}  // namespace

double Belief::PriorMean(const Believed& subject) const {
  return subject.forecast ? std::log(std::max(subject.forecast->value, 1e-9)) : offset_;
}

double Belief::Covariance(const Believed& left, const Believed& right) const {
  const bool forecast = left.forecast && right.forecast;
  double covariance = 0;
  if (left.choice.engine == right.choice.engine) {
    covariance += Square(forecast ? scales_.engine : scales_.no_forecast_engine);
    const double per_value = Square(forecast ? scales_.axis_value : scales_.no_forecast_axis_value);
    for (size_t axis = 0; axis < left.choice.values.size(); ++axis) {
      if (left.choice.values[axis] != 0 && left.choice.values[axis] == right.choice.values[axis])
        covariance += per_value;
    }
  }
  if (!forecast || left.forecast->shares.size() != right.forecast->shares.size()) return covariance;
  for (size_t index = 0; index < left.forecast->shares.size(); ++index) {
    covariance +=
        Square(scales_.operation) * left.forecast->shares[index] * right.forecast->shares[index];
  }
  return covariance;
}

void Belief::Observe(const Believed& subject, double value) {
  observed_.push_back(subject);
  logs_.push_back(std::log(std::max(value, 1e-9)));
  is_solved_ = false;
}

void Belief::Solve() const {
  if (is_solved_) return;
  const size_t n = observed_.size();
  // What is not forecast is as those that were not either, or, before one was measured, as all.
  const auto counts = [](const Believed& each) { return !each.forecast; };
  const bool any = std::any_of(observed_.begin(), observed_.end(), counts);
  offset_ = 0;
  double count = 0;
  for (size_t index = 0; index < n; ++index) {
    if (any && !counts(observed_[index])) continue;
    offset_ += logs_[index];
    ++count;
  }
  if (count > 0) offset_ /= count;
  lower_.assign(n * n, 0);
  for (size_t row = 0; row < n; ++row) {
    for (size_t column = 0; column <= row; ++column) {
      double sum = Covariance(observed_[row], observed_[column]);
      if (row == column) sum += Square(scales_.noise) + kLeastVariance;
      for (size_t each = 0; each < column; ++each)
        sum -= lower_[row * n + each] * lower_[column * n + each];
      lower_[row * n + column] = row == column ? std::sqrt(std::max(sum, kLeastVariance))
                                               : sum / lower_[column * n + column];
    }
  }
  weights_.resize(n);
  for (size_t index = 0; index < n; ++index)
    weights_[index] = logs_[index] - PriorMean(observed_[index]);
  SolveLower(lower_, n, weights_);
  SolveUpper(lower_, n, weights_);
  is_solved_ = true;
}

Posterior Belief::Of(const Believed& subject) const {
  Solve();
  const size_t n = observed_.size();
  std::vector<double> covariances(n);
  Posterior posterior{.log_value = PriorMean(subject)};
  for (size_t index = 0; index < n; ++index) {
    covariances[index] = Covariance(subject, observed_[index]);
    posterior.log_value += covariances[index] * weights_[index];
  }
  double variance = Covariance(subject, subject);
  SolveLower(lower_, n, covariances);
  for (const double each : covariances) variance -= each * each;
  posterior.deviation = std::sqrt(std::max(variance, kLeastVariance));
  return posterior;
}

double Belief::EngineFactor(size_t engine) const {
  Solve();
  double log = 0;
  for (size_t index = 0; index < observed_.size(); ++index) {
    if (observed_[index].forecast && observed_[index].choice.engine == engine)
      log += Square(scales_.engine) * weights_[index];
  }
  return std::exp(log);
}

double Belief::OperationFactor(size_t operation) const {
  Solve();
  double log = 0;
  for (size_t index = 0; index < observed_.size(); ++index) {
    const auto& forecast = observed_[index].forecast;
    if (forecast && operation < forecast->shares.size())
      log += Square(scales_.operation) * forecast->shares[operation] * weights_[index];
  }
  return std::exp(log);
}

double ExpectedImprovement(const Posterior& posterior, double best_log) {
  const double gain = posterior.log_value - best_log;
  const double z = gain / posterior.deviation;
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * M_PI);
  const double below = std::erfc(-z / std::sqrt(2.0)) / 2;
  return gain * below + posterior.deviation * density;
}

}  // namespace redline::lab
