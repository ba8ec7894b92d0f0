// A few named threads that run tasks in the order they came. With one thread, tasks run one after
// another. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace redline::engine {

class TaskQueue {
 public:
  // `max_tasks`: bound on the tasks that wait.
  TaskQueue(const std::string& name, int num_threads, size_t max_tasks);
  // Runs what is queued, then ends the threads.
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // False when max_tasks wait already.
  bool Submit(std::function<void()> task);
  // Returns when no task waits or runs.
  void WaitUntilIdle();
  // Whether no task waits or runs at this moment.
  bool IsIdle();

 private:
  void Run();

  const size_t max_tasks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  int num_running_ = 0;                      // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;         // last: they use everything above
};

}  // namespace redline::engine
