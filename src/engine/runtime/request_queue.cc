#include "engine/runtime/request_queue.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace redline::engine {

Status RequestQueue::Push(std::unique_ptr<Sequence> sequence) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Unavailable("the engine is shutting down and takes no new requests");
    if (num_requests_ >= max_requests_) {
      return ResourceExhausted(fmt::format(
          "the engine's queue is full ({} requests running or waiting); try again later, or raise "
          "max_queued_requests",
          num_requests_));
    }
    ++num_requests_;
    news_.arrivals.push_back(std::move(sequence));
  }
  news_arrived_.notify_one();
  return OkStatus();
}

void RequestQueue::End(Ending ending) {
  {
    const std::lock_guard lock(mutex_);
    news_.endings.push_back(ending);
  }
  news_arrived_.notify_one();
}

void RequestQueue::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void RequestQueue::AbortAll() {
  {
    const std::lock_guard lock(mutex_);
    news_.abort_all = true;
  }
  news_arrived_.notify_one();
}

void RequestQueue::Stop() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    news_.abort_all = news_.stop = true;
  }
  news_arrived_.notify_one();
}

bool RequestQueue::WaitUntilIdle(double deadline_seconds) {
  std::unique_lock lock(mutex_);
  return became_idle_.wait_for(lock, std::chrono::duration<double>(deadline_seconds),
                               [this] { return num_requests_ == 0; });
}

int64_t RequestQueue::num_arrivals() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(news_.arrivals.size());
}

int64_t RequestQueue::num_requests() const {
  const std::lock_guard lock(mutex_);
  return num_requests_;
}

RequestQueue::News RequestQueue::Take(bool wait) {
  std::unique_lock lock(mutex_);
  if (wait) news_arrived_.wait(lock, [this] { return HasNews(); });
  return std::exchange(news_, News{});
}

void RequestQueue::Ended(int64_t count) {
  bool idle = false;
  {
    const std::lock_guard lock(mutex_);
    num_requests_ -= count;
    idle = num_requests_ == 0;
  }
  if (idle) became_idle_.notify_all();
}

bool RequestQueue::HasNews() const {
  return !news_.arrivals.empty() || !news_.endings.empty() || news_.abort_all || news_.stop;
}

}  // namespace redline::engine
