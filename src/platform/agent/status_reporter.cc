#include "platform/agent/status_reporter.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>

#include "base/log.h"
#include "platform/agent/agent_log.h"

namespace redline::platform {
namespace {

constexpr size_t kMaxQueued = 1000;
constexpr auto kRetryEvery = std::chrono::milliseconds(500);

bool DiffersInProgressOnly(const spec::Instance& left, const spec::Instance& right) {
  return left.state == right.state && left.generation == right.generation &&
         left.reason == right.reason && left.pid == right.pid &&
         left.restart_count == right.restart_count;
}

}  // namespace

StatusReporter::StatusReporter(ServerApi& api) : api_(api) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Loop(stop); });
}

void StatusReporter::Report(const spec::Instance& instance) {
  const std::lock_guard lock(mutex_);
  const auto last = std::find_if(queue_.rbegin(), queue_.rend(),
                                 [&](const auto& each) { return each.id == instance.id; });
  if (last != queue_.rend() && DiffersInProgressOnly(*last, instance))
    *last = instance;
  else
    queue_.push_back(instance);
  if (queue_.size() > kMaxQueued) queue_.pop_front();
  changed_.notify_all();
}

void StatusReporter::Flush(double timeout_seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::duration<double>(timeout_seconds),
                    [this] { return queue_.empty() && !is_sending_; });
}

// All queued statuses of the instance whose status waits longest, of one generation.
std::vector<spec::Instance> StatusReporter::TakeOldest() {
  std::vector<spec::Instance> statuses;
  const std::string id = queue_.front().id;
  const int64_t generation = queue_.front().generation;
  const auto others = std::stable_partition(queue_.begin(), queue_.end(), [&](const auto& each) {
    return each.id == id && each.generation == generation;
  });
  std::move(queue_.begin(), others, std::back_inserter(statuses));
  queue_.erase(queue_.begin(), others);
  return statuses;
}

void StatusReporter::PutBack(const std::vector<spec::Instance>& statuses) {
  queue_.insert(queue_.begin(), statuses.begin(), statuses.end());
}

void StatusReporter::Loop(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !queue_.empty(); })) {
    const std::vector<spec::Instance> statuses = TakeOldest();
    is_sending_ = true;
    lock.unlock();
    const Status status = api_.ReportStatuses(statuses, stop);
    lock.lock();
    is_sending_ = false;
    const bool server_is_away =
        status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded;
    if (server_is_away) {
      PutBack(statuses);
      changed_.wait_for(lock, stop, kRetryEvery, [] { return false; });
    } else if (!status.ok() && status.code() != Code::kCancelled) {
      LogWarn(kAgentLog, "{}: the server refuses its status: {}", statuses.front().id,
              status.message());
    }
    changed_.notify_all();
  }
}

}  // namespace redline::platform
