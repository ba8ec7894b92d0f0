#include "planner/plan/plan_progress.h"

#include <algorithm>
#include <array>

namespace redline::planner {
namespace {

struct Phase {
  std::string_view name;
  double share = 0;  // of the time, as a rule
};
// Of DeepSeek-V3.2 on 8 H200 under `sharegpt`, all engines. With more requests the finalists take
// most of the time: a phase's own pace comes first.
constexpr std::array<Phase, 5> kPhases = {{
    {"resolve", 0.38},
    {"simulate", 0.5},
    {"refine", 0.06},
    {"finalists", 0.04},
    {"explain", 0.02},
}};

struct Place {
  double before = 0;  // the shares of the phases before it
  double share = 0;
};
Place PlaceOf(std::string_view phase) {
  Place place;
  for (const Phase& each : kPhases) {
    place.share = each.share;
    if (each.name == phase) break;
    place.before += each.share;
  }
  return place;
}

}  // namespace

void PlanProgress::Update(std::string_view phase, size_t done, size_t all, double seconds) {
  constexpr double kLeastSeconds = 0.3;  // of a phase, to know its pace
  if (phase != phase_) {
    phase_begin_s_ = phase_.empty() ? 0 : seconds;
    phase_ = phase;
  }
  const Place place = PlaceOf(phase);
  const double in_phase = seconds - phase_begin_s_;
  double whole_phase = 0;
  if (done > 0 && (in_phase >= kLeastSeconds || place.before == 0)) {
    whole_phase = in_phase * static_cast<double>(all) / static_cast<double>(done);
  } else if (place.before > 0) {
    whole_phase = std::max(in_phase, phase_begin_s_ * place.share / place.before);
  }
  const double through = place.before + place.share;
  const double whole = (phase_begin_s_ + whole_phase) / through;
  if (seconds < kLeastSeconds) return;
  seconds_left_ = std::max(whole - seconds, 0.0);
  if (whole > 0) fraction_ = std::max(fraction_, std::min(seconds / whole, 1.0));
}

}  // namespace redline::planner
