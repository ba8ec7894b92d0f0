// Questions to engines for what they count, on threads of their own: an engine that hangs keeps
// nobody waiting but those who ask for it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "platform/agent/server_api.h"

namespace redline::platform {

// Any thread may ask. One question an engine is under way; who asks meanwhile gets its answer, too.
class MetricsAsker {
 public:
  // Called on a thread of the asker, both; several at once, of different engines.
  using Fetch = std::function<std::string(const LogRequest& request, const std::stop_token& stop)>;
  using Reply = std::function<void(const std::string& request_id, const std::string& text,
                                   const std::stop_token& stop)>;

  MetricsAsker(Fetch fetch, Reply reply) : fetch_(std::move(fetch)), reply_(std::move(reply)) {}
  ~MetricsAsker();  // gives up what runs

  // Of more than kMostWaiting for one engine the last are not answered: the server expires them.
  void Ask(const LogRequest& request);

  static constexpr size_t kMostAtOnce = 8;
  static constexpr size_t kMostWaiting = 64;

 private:
  void Run(const std::stop_token& stop);

  const Fetch fetch_;
  const Reply reply_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any has_work_;
  std::deque<LogRequest> queue_;  // one an engine
  // By instance, who waits: also while the question is under way.
  std::map<std::string, std::vector<std::string>> waiting_;
  size_t num_idle_ = 0;
  std::vector<std::jthread> threads_;  // as many as were ever needed at once
};

}  // namespace redline::platform
