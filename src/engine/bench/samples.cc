#include "engine/bench/samples.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"

namespace redline::engine {
namespace {

constexpr double kLeastSampleSeconds = 0.002;
constexpr int kLeastSamples = 3;
constexpr int kMostSamples = 1000;
constexpr double kMostCalls = 1e7;

// Seconds of one of `num_calls` calls.
double Sample(const std::function<void()>& work, int64_t num_calls) {
  const MonotonicTime start = MonotonicNow();
  for (int64_t call = 0; call < num_calls; ++call) work();
  return SecondsSince(start) / static_cast<double>(num_calls);
}

}  // namespace

Timing TimingOf(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  return {.median = seconds[seconds.size() / 2],
          .best = seconds.front(),
          .worst = seconds.back(),
          .num_samples = static_cast<int>(seconds.size())};
}

Timing MeasureWork(const std::function<void()>& work, double budget_seconds) {
  const MonotonicTime start = MonotonicNow();
  work();
  // What the first call took says little: caches were cold, threads asleep.
  const double once = std::max(Sample(work, 1), 1e-9);
  const auto num_calls =
      static_cast<int64_t>(std::clamp(std::ceil(kLeastSampleSeconds / once), 1.0, kMostCalls));
  std::vector<double> seconds;
  while (static_cast<int>(seconds.size()) < kLeastSamples ||
         (SecondsSince(start) < budget_seconds && static_cast<int>(seconds.size()) < kMostSamples))
    seconds.push_back(Sample(work, num_calls));
  return TimingOf(std::move(seconds));
}

}  // namespace redline::engine
