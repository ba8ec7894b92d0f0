// What is said of a set of values: mean, spread, percentiles. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "lab/histogram.h"

namespace redline::lab {

struct Distribution {
  double mean = 0;
  double std = 0;  // of the population, as every tool here has it
  double min = 0;
  double p50 = 0;
  double p90 = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;
  int64_t count = 0;
};

// Percentiles between two values are interpolated linearly, as numpy.percentile does. All 0 when
// empty.
Distribution Describe(std::vector<double> values);
// The same of a histogram, each value times `scale`; known to the histogram's resolution (0.4%).
Distribution Describe(const Histogram& histogram, double scale);

// Of sorted values; `quantile` in [0, 1]. 0 when empty.
double QuantileOfSorted(const std::vector<double>& sorted, double quantile);

}  // namespace redline::lab
