// The agent's lines to the server besides statuses: heartbeats, and the long poll that brings
// assignments and requests for logs and metrics.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "platform/agent/metrics_asker.h"
#include "platform/agent/server_api.h"
#include "platform/layout.h"

namespace redline::platform {

// Two threads of its own besides those of MetricsAsker; TakeAssignments and TakeReturned may be
// called from any.
class ServerLink {
 public:
  // `describe` says what the node is, for each heartbeat, on a thread of this one. `wake` is called
  // (from these threads) when there is something to take.
  ServerLink(ServerApi& api, const DataLayout& layout, std::function<spec::Worker()> describe,
             std::function<void()> wake);

  // The latest assignments that have not been taken yet.
  std::optional<Assignments> TakeAssignments();
  // Whether the server has come (back) since the last call: it may have to be told everything
  // again.
  bool TakeReturned() { return returned_.exchange(false); }

 private:
  void HeartbeatLoop(const std::stop_token& stop);
  void PollLoop(const std::stop_token& stop);
  void AnswerLogRequest(const LogRequest& request, const std::stop_token& stop);
  void SendReply(const std::string& request_id, const LogReply& reply, const std::stop_token& stop);
  // What the engine counts, as a JSON object; "": it does not say.
  std::string MetricsOf(const LogRequest& request, const std::stop_token& stop);

  ServerApi& api_;
  net::HttpClient engines_;
  const DataLayout layout_;
  const std::function<spec::Worker()> describe_;
  const std::function<void()> wake_;
  std::atomic<bool> registered_{false};
  std::atomic<bool> returned_{false};
  std::mutex mutex_;  // guards latest_
  std::optional<Assignments> latest_;
  MetricsAsker metrics_;
  std::jthread heartbeat_thread_;  // last: they use the others
  std::jthread poll_thread_;
};

}  // namespace redline::platform
