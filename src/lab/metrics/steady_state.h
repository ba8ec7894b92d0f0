// Finds the part of a run in which nothing but noise changes, or says that there is none. Pure.
//
// Three conditions. Requests are still being sent. The number in flight is on its plateau: within
// 10% of the median of that time's middle half or above. Within that, output throughput has
// settled: MSER-5 (White 1997) cuts off the beginning that, kept, would only widen the mean's
// error.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "lab/metrics/timeline.h"

namespace redline::lab {

struct SteadyState {
  bool found = false;
  TimeSpan window;     // meaningful when found
  std::string reason;  // why none was found; empty when found
};

SteadyState FindSteadyState(std::span<const RequestRecord> records);

// How many leading values MSER-5 would cut: means of five values each, the cut that makes the
// remaining mean's standard error least. Never more than half: then, and when there are fewer than
// 50 values, the series has not settled and the result is its size.
size_t MserCut(std::span<const double> series);

// The part of a run before it drained: from its begin to the last moment at which at least half of
// its peak was in flight. What a run to the end would hide behind its last, lonely requests.
TimeSpan BeforeDrain(std::span<const RequestRecord> records);

}  // namespace redline::lab
