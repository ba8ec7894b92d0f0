// The control thread: runs tasks one after the other, and a hook after every batch of them and on
// every tick. What it owns (cluster, waiting polls, log requests) needs no lock.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace redline::platform {

class ControlLoop {
 public:
  using Task = std::function<void()>;

  // `settle` runs on the control thread after tasks and at least every `tick_seconds`.
  ControlLoop(Task settle, double tick_seconds);
  ~ControlLoop() { Stop(); }
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  void Start();
  // Thread-safe. Tasks that come after Stop() are dropped.
  void Post(Task task);
  // Runs what was posted before, then ends the thread.
  void Stop();

 private:
  void Run();

  const Task settle_;
  const double tick_seconds_;
  std::mutex mutex_;  // of the two below
  std::vector<Task> tasks_;
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace redline::platform
