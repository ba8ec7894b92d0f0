// Repeated timings of one thing: enough of them for a spread, within a bounded time.
#pragma once

#include <functional>
#include <vector>

namespace redline::engine {

// Seconds of one call of the work, over the samples.
struct Timing {
  double median = 0;
  double best = 0;
  double worst = 0;
  int num_samples = 0;

  // Half of the range from the best to the worst, as a share of the median.
  double Spread() const { return median > 0 ? (worst - best) / 2 / median : 0; }
};

// Of `seconds` (at least one; not kept in order).
Timing TimingOf(std::vector<double> seconds);

// Calls `work` once to warm up, then in samples of at least 2 ms (several calls where one is
// shorter) until `budget_seconds` are over; at least 3 samples, at most 1000.
Timing MeasureWork(const std::function<void()>& work, double budget_seconds);

}  // namespace redline::engine
