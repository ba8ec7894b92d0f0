#include "lab/metrics/distribution.h"

#include <algorithm>
#include <cmath>

namespace redline::lab {

double QuantileOfSorted(const std::vector<double>& sorted, double quantile) {
  if (sorted.empty()) return 0;
  const double position = std::clamp(quantile, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = position - static_cast<double>(below);
  return sorted[below] + part * (sorted[above] - sorted[below]);
}

Distribution Describe(std::vector<double> values) {
  Distribution result;
  if (values.empty()) return result;
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  result.mean = sum / count;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.std = std::sqrt(squares / count);
  result.min = values.front();
  result.p50 = QuantileOfSorted(values, 0.50);
  result.p90 = QuantileOfSorted(values, 0.90);
  result.p95 = QuantileOfSorted(values, 0.95);
  result.p99 = QuantileOfSorted(values, 0.99);
  result.max = values.back();
  result.count = static_cast<int64_t>(values.size());
  return result;
}

Distribution Describe(const Histogram& histogram, double scale) {
  Distribution result;
  result.mean = histogram.Mean() * scale;
  result.std = histogram.StdDev() * scale;
  result.min = static_cast<double>(histogram.min()) * scale;
  result.p50 = histogram.Quantile(0.50) * scale;
  result.p90 = histogram.Quantile(0.90) * scale;
  result.p95 = histogram.Quantile(0.95) * scale;
  result.p99 = histogram.Quantile(0.99) * scale;
  result.max = static_cast<double>(histogram.max()) * scale;
  result.count = static_cast<int64_t>(histogram.count());
  return result;
}

}  // namespace redline::lab
