#include "platform/server/control_loop.h"

#include <pthread.h>

#include <chrono>

namespace redline::platform {

ControlLoop::ControlLoop(Task settle, double tick_seconds)
    : settle_(std::move(settle)), tick_seconds_(tick_seconds) {}

void ControlLoop::Start() {
  thread_ = std::thread([this] { Run(); });
  ::pthread_setname_np(thread_.native_handle(), "control");
}

void ControlLoop::Post(Task task) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void ControlLoop::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ControlLoop::Run() {
  const std::chrono::duration<double> tick(tick_seconds_);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, tick, [this] { return !tasks_.empty() || stopping_; });
    const bool last = stopping_;
    std::vector<Task> batch;
    batch.swap(tasks_);
    lock.unlock();
    for (const Task& task : batch) task();
    settle_();
    batch.clear();
    if (last) return;
    lock.lock();
  }
}

}  // namespace redline::platform
