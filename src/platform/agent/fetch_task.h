// FetchModel on a thread of its own.
#pragma once

#include <mutex>
#include <optional>
#include <thread>

#include "platform/agent/transitions.h"
#include "platform/fetch/fetch.h"

namespace redline::platform {

// Owned by one thread. Destruction cancels and waits.
class FetchTask {
 public:
  FetchTask(FetchRequest request, FetchEnvironment environment);

  FetchState state() const;
  // While it runs.
  spec::Progress progress() const;
  // Once it has ended.
  Result<std::filesystem::path> result() const;

 private:
  mutable std::mutex mutex_;  // guards what follows
  spec::Progress progress_;
  std::optional<Result<std::filesystem::path>> result_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace redline::platform
