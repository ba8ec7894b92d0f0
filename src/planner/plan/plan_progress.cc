#include "planner/plan/plan_progress.h"

#include <algorithm>
#include <array>

namespace redline::planner {
namespace {

struct Phase {
  std::string_view name;
  double share = 0;  // of the time
};
// Of DeepSeek-V3.2 on 8 H200 under `sharegpt`, all engines.
constexpr std::array<Phase, 5> kPhases = {{
    {"resolve", 0.05},
    {"simulate", 0.78},
    {"refine", 0.06},
    {"finalists", 0.06},
    {"explain", 0.05},
}};

}  // namespace

double FractionOfPlan(std::string_view phase, size_t done, size_t all) {
  double before = 0;
  for (const Phase& each : kPhases) {
    if (each.name == phase) {
      const double part = static_cast<double>(done) / static_cast<double>(std::max<size_t>(all, 1));
      return std::min(before + each.share * std::min(part, 1.0), 1.0);
    }
    before += each.share;
  }
  return 0;
}

double SecondsLeft(double fraction, double seconds_passed) {
  constexpr double kLeastFraction = 0.02;
  constexpr double kLeastSeconds = 0.5;
  if (fraction < kLeastFraction || seconds_passed < kLeastSeconds) return -1;
  return seconds_passed * (1 - fraction) / fraction;
}

}  // namespace redline::planner
