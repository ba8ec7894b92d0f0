// Requests that wait for something to change. Owner: the control thread.
#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"

namespace redline::platform {

class LongPolls {
 public:
  // Answers the request if there is something to say, or if this is the last chance, and returns
  // whether it did (or whether nobody waits any more).
  using Attempt = std::function<bool(bool is_last)>;

  // Tries at once; keeps it when it is too early.
  void Add(Attempt attempt, MonotonicTime deadline);
  // Tries all of them; those past their deadline for the last time.
  void RunAll(MonotonicTime now);
  // Answers all of them, and those to come at once.
  void Close();

 private:
  struct Waiting {
    Attempt attempt;
    MonotonicTime deadline;
  };
  std::vector<Waiting> waiting_;
  bool closed_ = false;
};

}  // namespace redline::platform
