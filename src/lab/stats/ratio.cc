#include "lab/stats/ratio.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lab/stats/rank_interval.h"
#include "lab/stats/student.h"

namespace redline::lab {
namespace {

constexpr double kPower = 0.8;
constexpr double kSpreadLimit = 0.98;  // one-sided, of the spread used to plan
constexpr size_t kRanksFrom = 8;
constexpr double kMostCorrelation = 0.9;

bool AllPositive(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return value > 0 && std::isfinite(value); });
}

std::vector<double> Logs(std::span<const double> values) {
  std::vector<double> logs;
  for (const double value : values) logs.push_back(std::log(value));
  return logs;
}

struct Moments {
  double mean = 0;
  double variance = 0;  // with n - 1
  double lag1 = 0;      // autocorrelation of neighbours
};

Moments MomentsOf(std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  Moments moments;
  for (const double value : values) moments.mean += value / count;
  double squares = 0;
  double neighbours = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double deviation = values[i] - moments.mean;
    squares += deviation * deviation;
    if (i > 0) neighbours += deviation * (values[i - 1] - moments.mean);
  }
  moments.variance = squares / (count - 1);
  moments.lag1 = squares > 0 ? neighbours / squares : 0;
  return moments;
}

double TwoSided(double confidence, double degrees) {
  return StudentQuantile((1 + confidence) / 2, degrees);
}

// What an interval that is this wide on each side (of the logarithm) would find with kPower.
double Detectable(double half_width, double confidence, double degrees) {
  const double share = StudentQuantile(kPower, degrees) / TwoSided(confidence, degrees);
  return std::expm1(half_width * (1 + share));
}

RatioInterval FromLogs(const Estimate& log_ratio, double confidence, double spread, double degrees,
                       std::string method) {
  const double half_width = (log_ratio.high - log_ratio.low) / 2;
  return {.ratio = std::exp(log_ratio.value),
          .low = std::exp(log_ratio.low),
          .high = std::exp(log_ratio.high),
          .confidence = confidence,
          .spread = spread,
          .degrees = degrees,
          .detectable = Detectable(half_width, confidence, degrees),
          .method = std::move(method)};
}

std::vector<double> LogRatios(std::span<const double> a, std::span<const double> b) {
  std::vector<double> ratios;
  for (size_t i = 0; i < a.size(); ++i) ratios.push_back(std::log(b[i] / a[i]));
  return ratios;
}

// Values that say as much as if they were independent, and a correlation of neighbours that few
// values underestimate (Kendall 1954: by (1 + 3 rho) / n).
double EffectiveShare(const Moments& a, const Moments& b, double count) {
  const double seen = (a.lag1 + b.lag1) / 2;
  const double corrected = seen + (1 + 3 * seen) / count;
  const double correlation = std::clamp(corrected, kAssumedCorrelation, kMostCorrelation);
  return (1 - correlation) / (1 + correlation);
}

// The fewest pairs with a signed-rank interval: all of one sign must be rarer than what is allowed.
int64_t LeastRepeatsOfRanks(double confidence) {
  const double pairs = std::ceil(1 - std::log2(1 - confidence));
  return std::max(static_cast<int64_t>(kRanksFrom), static_cast<int64_t>(pairs));
}

}  // namespace

std::optional<RatioInterval> PairedRatio(std::span<const double> a, std::span<const double> b,
                                         double confidence) {
  if (a.size() != b.size() || a.size() < kLeastRepeats || !AllPositive(a) || !AllPositive(b))
    return std::nullopt;
  const std::vector<double> ratios = LogRatios(a, b);
  const auto count = static_cast<double>(ratios.size());
  const double degrees = count - 1;
  const double quantile = TwoSided(confidence, degrees);
  if (ratios.size() >= kRanksFrom) {
    if (const auto ranks = SignedRankInterval(ratios, confidence)) {
      const double spread = (ranks->high - ranks->low) / 2 / quantile * std::sqrt(count);
      return FromLogs(*ranks, confidence, spread, degrees, "signed_rank_of_pairs");
    }
  }
  const Moments moments = MomentsOf(ratios);
  const double spread = std::sqrt(moments.variance);
  const double half_width = quantile * spread / std::sqrt(count);
  return FromLogs({moments.mean, moments.mean - half_width, moments.mean + half_width}, confidence,
                  spread, degrees, "t_of_pairs");
}

std::optional<RatioInterval> SequentialRatio(std::span<const double> a, std::span<const double> b,
                                             double confidence) {
  if (std::min(a.size(), b.size()) < kLeastRepeats || !AllPositive(a) || !AllPositive(b))
    return std::nullopt;
  const Moments first = MomentsOf(Logs(a));
  const Moments second = MomentsOf(Logs(b));
  const double share =
      EffectiveShare(first, second, static_cast<double>(std::min(a.size(), b.size())));
  const double num_a = std::max(1.0, static_cast<double>(a.size()) * share);
  const double num_b = std::max(1.0, static_cast<double>(b.size()) * share);
  const double degrees = std::max(1.0, num_a + num_b - 2);
  const double error = std::sqrt(first.variance / num_a + second.variance / num_b);
  const double half_width = TwoSided(confidence, degrees) * error;
  const double log_ratio = second.mean - first.mean;
  return FromLogs({log_ratio, log_ratio - half_width, log_ratio + half_width}, confidence,
                  error * std::sqrt(static_cast<double>(std::min(a.size(), b.size()))), degrees,
                  "t_of_runs_with_drift");
}

int64_t RepeatsNeeded(const RatioInterval& interval, double effect) {
  const double spread =
      interval.spread *
      std::sqrt(interval.degrees / ChiSquaredQuantile(1 - kSpreadLimit, interval.degrees));
  const auto finds = [&](int64_t repeats) {
    const auto degrees = static_cast<double>(repeats - 1);
    const double quantiles =
        TwoSided(interval.confidence, degrees) + StudentQuantile(kPower, degrees);
    return quantiles * spread / std::sqrt(static_cast<double>(repeats)) <= std::log1p(effect);
  };
  int64_t few = LeastRepeatsOfRanks(interval.confidence) - 1;
  int64_t enough = few + 1;
  while (enough < kMostRepeatsAsked && !finds(enough)) few = enough, enough *= 2;
  while (enough - few > 1) {
    const int64_t middle = few + (enough - few) / 2;
    (finds(middle) ? enough : few) = middle;
  }
  return std::min(enough, kMostRepeatsAsked);
}

}  // namespace redline::lab
