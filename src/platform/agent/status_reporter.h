// Delivers instance statuses to the server, in order, across its absences. What is known of an
// instance by then goes in one report, so that the server never takes an old state for the present.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/agent/server_api.h"

namespace redline::platform {

// Thread-safe; has a thread of its own.
class StatusReporter {
 public:
  explicit StatusReporter(ServerApi& api);

  // Queues a status. One that differs from the last queued of its instance in progress only
  // replaces it; transitions are all delivered.
  void Report(const spec::Instance& instance);
  // Waits until everything is delivered, at most so long.
  void Flush(double timeout_seconds);

 private:
  void Loop(const std::stop_token& stop);
  std::vector<spec::Instance> TakeOldest();
  void PutBack(const std::vector<spec::Instance>& statuses);

  ServerApi& api_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::deque<spec::Instance> queue_;
  bool is_sending_ = false;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace redline::platform
