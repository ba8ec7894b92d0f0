// When an engine that ended may be started again. No clock of its own, no threads.
#pragma once

#include <deque>

#include "base/clock.h"

namespace redline::platform {

struct RestartRules {
  double first_delay_seconds = 10;  // doubled with every exit before ready: 10, 20, 40, 80, 160
  double max_delay_seconds = 300;
  double healthy_seconds = 600;  // ready for so long: earlier failures are forgotten
  // Engines that die right after they became ready are not restarted at once for ever.
  int max_immediate = 3;
  double immediate_window_seconds = 60;
};

class RestartPolicy {
 public:
  explicit RestartPolicy(const RestartRules& rules) : rules_(rules) {}

  // An engine ended `ready_seconds` after it became ready, or (negative) before. Seconds to wait
  // until the next start.
  double OnExit(MonotonicTime now, double ready_seconds);
  // Anything else that keeps it from starting, as a failed download.
  double OnFailure();

  int failures_in_a_row() const { return failures_; }

 private:
  RestartRules rules_;
  int failures_ = 0;
  std::deque<MonotonicTime> immediate_restarts_;  // the latest, within the window
};

}  // namespace redline::platform
