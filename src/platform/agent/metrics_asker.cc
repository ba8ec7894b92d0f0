#include "platform/agent/metrics_asker.h"

namespace redline::platform {

MetricsAsker::~MetricsAsker() {
  std::vector<std::jthread> threads;
  {
    const std::lock_guard lock(mutex_);
    threads = std::move(threads_);
  }
  for (std::jthread& thread : threads) thread.request_stop();
}

void MetricsAsker::Ask(const LogRequest& request) {
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = waiting_.try_emplace(request.instance_id);
  if (found->second.size() < kMostWaiting) found->second.push_back(request.id);
  if (!is_new) return;
  queue_.push_back(request);
  if (num_idle_ < queue_.size() && threads_.size() < kMostAtOnce)
    threads_.emplace_back([this](const std::stop_token& stop) { Run(stop); });
  has_work_.notify_one();
}

void MetricsAsker::Run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    ++num_idle_;
    const bool has_work = has_work_.wait(lock, stop, [&] { return !queue_.empty(); });
    --num_idle_;
    if (!has_work || stop.stop_requested()) return;
    const LogRequest request = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    const std::string text = fetch_(request, stop);
    lock.lock();
    const auto ids = waiting_.extract(request.instance_id).mapped();
    lock.unlock();
    for (const std::string& id : ids) reply_(id, text, stop);
    lock.lock();
  }
}

}  // namespace redline::platform
