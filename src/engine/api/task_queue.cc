#include "engine/api/task_queue.h"

#include <pthread.h>

#include <utility>

namespace redline::engine {

TaskQueue::TaskQueue(const std::string& name, int num_threads, size_t max_tasks)
    : max_tasks_(max_tasks) {
  for (int index = 0; index < num_threads; ++index) {
    threads_.emplace_back([this, thread_name = name + "-" + std::to_string(index)] {
      pthread_setname_np(pthread_self(), thread_name.c_str());
      Run();
    });
  }
}

TaskQueue::~TaskQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool TaskQueue::Submit(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.size() >= max_tasks_) return false;
    tasks_.push_back(std::move(task));
  }
  changed_.notify_all();
  return true;
}

void TaskQueue::WaitUntilIdle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return tasks_.empty() && num_running_ == 0; });
}

bool TaskQueue::IsIdle() {
  const std::lock_guard lock(mutex_);
  return tasks_.empty() && num_running_ == 0;
}

void TaskQueue::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    ++num_running_;
    lock.unlock();
    task();
    task = nullptr;  // what it captured goes while it still counts as running
    lock.lock();
    if (--num_running_ == 0 && tasks_.empty()) changed_.notify_all();
  }
}

}  // namespace redline::engine
