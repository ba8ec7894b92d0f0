#include "platform/agent/restart_policy.h"

#include <algorithm>
#include <chrono>

namespace redline::platform {

double RestartPolicy::OnExit(MonotonicTime now, double ready_seconds) {
  if (ready_seconds >= rules_.healthy_seconds) failures_ = 0;
  if (ready_seconds < 0) return OnFailure();
  const auto window = std::chrono::duration<double>(rules_.immediate_window_seconds);
  while (!immediate_restarts_.empty() && now - immediate_restarts_.front() > window)
    immediate_restarts_.pop_front();
  if (static_cast<int>(immediate_restarts_.size()) >= rules_.max_immediate) return OnFailure();
  immediate_restarts_.push_back(now);
  return 0;
}

double RestartPolicy::OnFailure() {
  constexpr int kMaxDoublings = 16;
  const int doublings = std::min(failures_++, kMaxDoublings);
  return std::min(rules_.first_delay_seconds * (1 << doublings), rules_.max_delay_seconds);
}

}  // namespace redline::platform
