// An interval that a few wild values cannot sway: the Hodges-Lehmann estimate with the limits that
// invert Wilcoxon's signed-rank test (Hollander and Wolfe, Nonparametric Statistical Methods, 3.3).
// Exact for up to 60 values, by the normal approximation above. Pure functions.
#pragma once

#include <optional>
#include <span>

namespace redline::lab {

struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

// The centre of a symmetric distribution: median and limits of the means of all pairs of values.
// nullopt: too few values for this confidence (8 are needed for 99%, 6 for 95%).
std::optional<Estimate> SignedRankInterval(std::span<const double> values, double confidence);

}  // namespace redline::lab
