#include "lab/stats/tail_bound.h"

#include <algorithm>

#include "lab/stats/student.h"

namespace redline::lab {
namespace {

bool Holds(int64_t num_over, int64_t num_requests, double percentile, double confidence) {
  return BinomialCdf(num_over, num_requests, 1 - percentile) <= 1 - confidence;
}

}  // namespace

std::optional<int64_t> AllowedOver(int64_t num_requests, double percentile, double confidence) {
  if (num_requests < 2 || !Holds(1, num_requests, percentile, confidence)) return std::nullopt;
  int64_t holds = 1;
  int64_t fails = num_requests;
  while (fails - holds > 1) {
    const int64_t middle = holds + (fails - holds) / 2;
    (Holds(middle, num_requests, percentile, confidence) ? holds : fails) = middle;
  }
  return holds;
}

int64_t RequestsNeeded(double percentile, double confidence) {
  int64_t enough = 2;
  while (enough < (int64_t{1} << 40) && !Holds(1, enough, percentile, confidence)) enough *= 2;
  int64_t few = enough / 2;
  while (enough - few > 1) {
    const int64_t middle = few + (enough - few) / 2;
    (Holds(1, middle, percentile, confidence) ? enough : few) = middle;
  }
  return enough;
}

std::optional<double> TailBound(std::vector<double> values, double percentile, double confidence) {
  const auto over = AllowedOver(static_cast<int64_t>(values.size()), percentile, confidence);
  if (!over) return std::nullopt;
  // Exactly *over values are above it.
  const auto bound = values.end() - static_cast<std::ptrdiff_t>(*over) - 1;
  std::nth_element(values.begin(), bound, values.end());
  return *bound;
}

}  // namespace redline::lab
