// Two servers, or one with two configurations, measured in turns: A B, B A, A B, ... so that what
// drifts hits both alike.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "lab/bench/bench.h"

namespace redline::lab {

struct MeasuredPair {
  Measurement a;
  Measurement b;
};

// Both run the workload of `a` with its seeds (one server against itself: with others), `a`'s
// number of repeats each. Blocking.
Result<MeasuredPair> RunInterleaved(BenchOptions a, BenchOptions b);

}  // namespace redline::lab
