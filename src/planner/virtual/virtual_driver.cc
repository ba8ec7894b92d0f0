#include "planner/virtual/virtual_driver.h"

#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace redline::planner {
namespace {

constexpr double kLongestWaitSeconds = 3600;
constexpr double kNotScheduled = std::numeric_limits<double>::infinity();

}  // namespace

VirtualDriver::VirtualDriver(double speed)
    : speed_(std::clamp(speed, 1e-3, 1e6)), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "virtual-engines");
}

void VirtualDriver::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void VirtualDriver::Post(VirtualEngine* engine, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back({engine, std::move(task)});
    if (tasks_.size() > 1) return;  // the thread has been told
  }
  changed_.notify_one();
}

void VirtualDriver::Run() {
  std::vector<Task> tasks;
  while (true) {
    WaitForWork(tasks);
    {
      const std::lock_guard lock(mutex_);
      if (stops_) return;
    }
    for (const Task& task : tasks) {
      task.run();
      Advance(task.engine);
    }
    tasks.clear();
    // Tasks come in between, however late the engines are.
    for (const double now_s = NowSeconds(); !due_.empty() && due_.top().time_s <= now_s;) {
      const Due due = due_.top();
      due_.pop();
      double& scheduled_s = scheduled_[due.engine];
      if (scheduled_s != due.time_s) continue;
      scheduled_s = kNotScheduled;
      Advance(due.engine);
    }
  }
}

void VirtualDriver::WaitForWork(std::vector<Task>& tasks) {
  std::unique_lock lock(mutex_);
  const auto has_work = [this] { return stops_ || !tasks_.empty(); };
  const double wait_s =
      due_.empty() ? kLongestWaitSeconds : (due_.top().time_s - NowSeconds()) / speed_;
  if (wait_s > 0) {
    changed_.wait_for(lock, std::chrono::duration<double>(std::min(wait_s, kLongestWaitSeconds)),
                      has_work);
  }
  tasks.swap(tasks_);
}

void VirtualDriver::Advance(VirtualEngine* engine) {
  const double next_s = engine->Advance(NowSeconds());
  double& scheduled_s = scheduled_[engine];
  if (scheduled_s != next_s && std::isfinite(next_s)) due_.push({next_s, engine});
  scheduled_s = next_s;
}

}  // namespace redline::planner
