// How much a figure of a run would vary with other requests: a moving-block bootstrap (Kunsch
// 1989). Neighbours resemble each other, so whole stretches of them are drawn. Repeats are strata:
// each replicate draws as many values from each as it has. Deterministic by its seed.
//
// It is blind to what makes one run differ from the next; see ratio.h for that.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lab/stats/rank_interval.h"

namespace redline::lab {

struct BootstrapOptions {
  double confidence = 0.95;
  int replicates = 2000;
  uint64_t seed = 1;
};

// Of a set of values, in any order; may reorder them.
using Statistic = std::function<double(std::vector<double>& values)>;

// `strata`: the values of each repeat in time order. Percentile limits of the statistic of all
// strata together. All limits are the value itself when there are fewer than two values.
Estimate BlockBootstrap(const std::vector<std::vector<double>>& strata, const Statistic& statistic,
                        const BootstrapOptions& options = {});

// Length of block for a series: about twice as far as its values are correlated, at least n^(1/3),
// at most a quarter of it.
size_t BlockLength(std::span<const double> series);

}  // namespace redline::lab
