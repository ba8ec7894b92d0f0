#include "platform/server/long_polls.h"

#include <utility>

namespace redline::platform {

void LongPolls::Add(Attempt attempt, MonotonicTime deadline) {
  const bool is_last = closed_ || deadline <= MonotonicNow();
  if (attempt(is_last) || is_last) return;
  waiting_.push_back({std::move(attempt), deadline});
}

void LongPolls::RunAll(MonotonicTime now) {
  // An attempt may lead to new ones, so the list is taken out while it is walked.
  std::vector<Waiting> taken;
  taken.swap(waiting_);
  for (Waiting& waiting : taken) {
    const bool is_last = waiting.deadline <= now;
    if (!waiting.attempt(is_last) && !is_last) waiting_.push_back(std::move(waiting));
  }
}

void LongPolls::Close() {
  closed_ = true;
  RunAll(MonotonicTime::max());
}

}  // namespace redline::platform
