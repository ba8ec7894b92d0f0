#include "lab/stats/rank_interval.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lab/stats/student.h"

namespace redline::lab {
namespace {

constexpr size_t kExact = 60;
constexpr size_t kMostValues = 2000;  // their pairs are all held in memory

// Shares of the 2^n sign patterns whose rank sum is 0, 1, 2, ...
std::vector<double> SignedRankShares(size_t num_values) {
  std::vector<double> shares = {1};
  for (size_t rank = 1; rank <= num_values; ++rank) {
    std::vector<double> next(shares.size() + rank, 0.0);
    for (size_t sum = 0; sum < shares.size(); ++sum) {
      next[sum] += shares[sum] / 2;
      next[sum + rank] += shares[sum] / 2;
    }
    shares = std::move(next);
  }
  return shares;
}

// The interval's limits are the k-th pair from each end, k being the largest with
// P(statistic < k) <= alpha / 2. 0: no pair is far enough out.
size_t CutOf(const std::vector<double>& shares, double alpha) {
  double below = 0;
  for (size_t k = 0; k < shares.size(); ++k) {
    below += shares[k];
    if (below > alpha / 2) return k;
  }
  return shares.size();
}

size_t NormalCut(double mean, double variance, double alpha) {
  const double cut = mean - NormalQuantile(1 - alpha / 2) * std::sqrt(variance) - 0.5;
  return cut < 0 ? 0 : static_cast<size_t>(cut);
}

// The pair of that rank, in a set that is put partly in order.
double Ranked(std::vector<double>& pairs, size_t rank) {
  const auto place = pairs.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(pairs.begin(), place, pairs.end());
  return *place;
}

Estimate FromPairs(std::vector<double> pairs, size_t cut) {
  const size_t half = pairs.size() / 2;
  const double middle = Ranked(pairs, half);
  const double median = pairs.size() % 2 == 1 ? middle : (Ranked(pairs, half - 1) + middle) / 2;
  return {median, Ranked(pairs, cut - 1), Ranked(pairs, pairs.size() - cut)};
}

std::vector<double> WalshMeans(std::span<const double> values) {
  std::vector<double> means;
  means.reserve(values.size() * (values.size() + 1) / 2);
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = i; j < values.size(); ++j) means.push_back((values[i] + values[j]) / 2);
  }
  return means;
}

}  // namespace

std::optional<Estimate> SignedRankInterval(std::span<const double> values, double confidence) {
  values = values.first(std::min(values.size(), kMostValues));
  const auto n = static_cast<double>(values.size());
  const double alpha = 1 - confidence;
  const size_t cut = values.size() <= kExact
                         ? CutOf(SignedRankShares(values.size()), alpha)
                         : NormalCut(n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24, alpha);
  if (cut == 0) return std::nullopt;
  return FromPairs(WalshMeans(values), cut);
}

}  // namespace redline::lab
