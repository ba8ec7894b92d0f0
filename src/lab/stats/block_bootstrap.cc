#include "lab/stats/block_bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lab/metrics/distribution.h"
#include "lab/stats/random.h"

namespace redline::lab {
namespace {

double MeanOf(std::span<const double> series) {
  return std::accumulate(series.begin(), series.end(), 0.0) / static_cast<double>(series.size());
}

// Sum of the autocorrelations up to the first that noise could have made: how many values say as
// much as one, halved.
double CorrelationLength(std::span<const double> series) {
  const double mean = MeanOf(series);
  double variance = 0;
  for (const double value : series) variance += (value - mean) * (value - mean);
  if (variance <= 0) return 0;
  const auto count = static_cast<double>(series.size());
  const double noise = 2 / std::sqrt(count);
  double length = 0;
  for (size_t lag = 1; lag < series.size() / 4; ++lag) {
    double sum = 0;
    for (size_t i = lag; i < series.size(); ++i)
      sum += (series[i] - mean) * (series[i - lag] - mean);
    if (sum / variance < noise) break;
    length += sum / variance;
  }
  return length;
}

void AppendBlocks(const std::vector<double>& series, size_t length, Random& random,
                  std::vector<double>& out) {
  const size_t end = out.size() + series.size();
  while (out.size() < end) {
    const size_t start = random.Below(series.size() - length + 1);
    const size_t taken = std::min(length, end - out.size());
    const auto from = series.begin() + static_cast<std::ptrdiff_t>(start);
    out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(taken));
  }
}

}  // namespace

size_t BlockLength(std::span<const double> series) {
  if (series.size() < 4) return 1;
  const double least = std::cbrt(static_cast<double>(series.size()));
  const double wanted = std::max(least, 2 * (1 + 2 * CorrelationLength(series)));
  return std::clamp<size_t>(static_cast<size_t>(std::ceil(wanted)), 1, series.size() / 4);
}

Estimate BlockBootstrap(const std::vector<std::vector<double>>& strata, const Statistic& statistic,
                        const BootstrapOptions& options) {
  std::vector<double> all;
  for (const auto& stratum : strata) all.insert(all.end(), stratum.begin(), stratum.end());
  if (all.empty()) return {};
  const size_t num_values = all.size();
  const double value = statistic(all);
  if (num_values < 2) return {value, value, value};
  std::vector<size_t> lengths;
  for (const auto& stratum : strata) lengths.push_back(BlockLength(stratum));
  Random random(options.seed);
  std::vector<double> replicates;
  std::vector<double> drawn;
  drawn.reserve(num_values);
  for (int replicate = 0; replicate < options.replicates; ++replicate) {
    drawn.clear();
    for (size_t i = 0; i < strata.size(); ++i) {
      if (!strata[i].empty()) AppendBlocks(strata[i], lengths[i], random, drawn);
    }
    replicates.push_back(statistic(drawn));
  }
  std::sort(replicates.begin(), replicates.end());
  const double tail = (1 - options.confidence) / 2;
  return {value, QuantileOfSorted(replicates, tail), QuantileOfSorted(replicates, 1 - tail)};
}

}  // namespace redline::lab
