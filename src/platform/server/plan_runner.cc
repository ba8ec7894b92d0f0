#include "platform/server/plan_runner.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace redline::platform {

PlanRunner::~PlanRunner() {
  Stop();
  for (Place& place : places_) {
    if (place.thread.joinable()) place.thread.join();
  }
}

Status PlanRunner::Start(Work work) {
  if (is_stopping_) return Unavailable("the server is stopping");
  for (Place& place : places_) {
    if (place.is_taken) continue;
    if (place.thread.joinable()) place.thread.join();
    place.is_taken = true;
    place.thread = std::thread(
        [this, &place, work = std::move(work)]() mutable { Run(std::move(work), place); });
    return OkStatus();
  }
  return ResourceExhausted(fmt::format(
      "{} plans are being made, the most at once; try again when one of them has ended, or end it "
      "by closing its connection",
      kMostAtOnce));
}

void PlanRunner::Run(Work work, Place& place) {
  constexpr int kNice = 10;
  ::pthread_setname_np(::pthread_self(), "plan");
  // Of this thread, and of those that it starts; where it is refused, the plan is made all the
  // same.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  const std::function<void()> answer = work(is_stopping_);
  place.is_taken = false;
  answer();
}

size_t ThreadsOfPlan() {
  constexpr size_t kMost = 16;
  return std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, kMost);
}

}  // namespace redline::platform
