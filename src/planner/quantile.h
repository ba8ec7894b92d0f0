// Quantiles of numbers. Pure function.
#pragma once

#include <algorithm>
#include <vector>

namespace redline::planner {

// Linear between the neighbours, as numpy.percentile; 0 of nothing.
inline double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = values.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), below, values.end());
  if (below + 1 == values.end()) return *below;
  const double above = *std::min_element(below + 1, values.end());
  return *below + (place - static_cast<double>(below - values.begin())) * (above - *below);
}

}  // namespace redline::planner
