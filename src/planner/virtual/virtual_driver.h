// The one thread that drives all virtual engines of the process by the real clock. It sleeps until
// something is due anywhere; engines that idle are not looked at.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "planner/virtual/virtual_engine.h"

namespace redline::planner {

class VirtualDriver {
 public:
  // Engines' seconds per real second: at least 1e-3, at most 1e6.
  explicit VirtualDriver(double speed);
  ~VirtualDriver() { Stop(); }
  // Ends the thread; what is posted later is dropped. Engines may go after it.
  void Stop();

  // The engines' clock. Any thread.
  double NowSeconds() const { return SecondsSince(begin_) * speed_; }
  // Runs `task` on the thread, soon, then what is due of `engine`, which must live as long as this.
  // Any thread.
  void Post(VirtualEngine* engine, std::function<void()> task);

 private:
  struct Task {
    VirtualEngine* engine;
    std::function<void()> run;
  };
  struct Due {
    double time_s;
    VirtualEngine* engine;
    bool operator>(const Due& other) const { return time_s > other.time_s; }
  };

  void Run();
  void WaitForWork(std::vector<Task>& tasks);
  void Advance(VirtualEngine* engine);

  const double speed_;
  const MonotonicTime begin_ = MonotonicNow();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Task> tasks_;  // by mutex_
  bool stops_ = false;       // by mutex_

  // The thread's own. An entry counts while it is what its engine is scheduled for.
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::unordered_map<VirtualEngine*, double> scheduled_;
  std::thread thread_;  // last: the rest is there when it starts
};

}  // namespace redline::planner
