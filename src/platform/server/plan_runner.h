// Plans that are being made, each on a thread of its own, at a low priority: they take seconds of
// all the cores that they are given, and engines may run beside them.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <thread>

#include "base/status.h"

namespace redline::platform {

class PlanRunner {
 public:
  static constexpr size_t kMostAtOnce = 2;
  // `is_stopping` becomes true when the server stops: the work is to end soon. What it returns is
  // called when its place is free again, so that who has the answer may ask for the next plan.
  using Work = std::function<std::function<void()>(const std::atomic<bool>& is_stopping)>;

  PlanRunner() = default;
  ~PlanRunner();  // waits for all
  PlanRunner(const PlanRunner&) = delete;
  PlanRunner& operator=(const PlanRunner&) = delete;

  // kResourceExhausted when kMostAtOnce are being made, kUnavailable after Stop(). By one thread.
  Status Start(Work work);
  // Any thread.
  void Stop() { is_stopping_ = true; }

 private:
  struct Place {
    std::atomic<bool> is_taken{false};  // cleared by its thread
    std::thread thread;
  };
  void Run(Work work, Place& place);

  std::array<Place, kMostAtOnce> places_;
  std::atomic<bool> is_stopping_{false};
};

// How many threads a plan is given: half of the cores.
size_t ThreadsOfPlan();

}  // namespace redline::platform
