#include "platform/supervisor/child.h"

#include <signal.h>

#include <algorithm>

#include "base/log.h"

namespace redline::platform {
namespace {

constexpr double kStableSeconds = 10;
constexpr double kLongestDelaySeconds = 30;

// The first restart is immediate; after that 0.5, 1, 2, ... seconds while exits are quick.
std::chrono::milliseconds RestartDelay(int quick_exits) {
  if (quick_exits <= 1) return std::chrono::milliseconds(0);
  const double seconds = 0.5 * static_cast<double>(1 << std::min(quick_exits - 2, 10));
  return std::chrono::milliseconds(
      static_cast<int64_t>(std::min(seconds, kLongestDelaySeconds) * 1000));
}

}  // namespace

void Child::EnsureRunning() {
  if (running() || MonotonicNow() < not_before_) return;
  auto pid = Spawn(spawn_);
  started_ = MonotonicNow();
  if (pid.ok()) {
    pid_ = *pid;
    LogInfo("up", "started {} (pid {})", role_, pid_);
    return;
  }
  LogError("up", "cannot start {}: {}", role_, pid.status().message());
  not_before_ = started_ + RestartDelay(++quick_exits_ + 1);
}

bool Child::OnExit(pid_t pid, int wait_status) {
  if (pid != pid_) return false;
  pid_ = 0;
  quick_exits_ = SecondsSince(started_) < kStableSeconds ? quick_exits_ + 1 : 1;
  const auto delay = RestartDelay(quick_exits_);
  not_before_ = MonotonicNow() + delay;
  LogWarn("up", "{} (pid {}) ended: {}; restarting in {} ms", role_, pid,
          DescribeWaitStatus(wait_status), delay.count());
  return true;
}

void Child::Signal(int number) const {
  if (running()) ::kill(pid_, number);
}

pid_t Child::Detach() {
  not_before_ = {};
  quick_exits_ = 0;
  return std::exchange(pid_, 0);
}

}  // namespace redline::platform
