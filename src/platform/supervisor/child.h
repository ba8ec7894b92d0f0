// One supervised process: started, watched, started again with back-off.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/clock.h"
#include "base/process.h"

namespace redline::platform {

// Owner: the supervisor's main thread.
class Child {
 public:
  Child(std::string role, SpawnOptions spawn) : role_(std::move(role)), spawn_(std::move(spawn)) {}

  const std::string& role() const { return role_; }
  pid_t pid() const { return pid_; }
  bool running() const { return pid_ > 0; }

  // Starts it when it does not run and its back-off is over.
  void EnsureRunning();
  // Tells it that its process ended. Returns false for a pid that is not its own.
  bool OnExit(pid_t pid, int wait_status);
  void Signal(int number) const;
  // Forgets the running process, so that EnsureRunning starts another beside it; returns its pid.
  pid_t Detach();

 private:
  std::string role_;
  SpawnOptions spawn_;
  pid_t pid_ = 0;
  MonotonicTime started_{};
  MonotonicTime not_before_{};
  int quick_exits_ = 0;  // in a row, each within kStablePeriod of its start
};

}  // namespace redline::platform
