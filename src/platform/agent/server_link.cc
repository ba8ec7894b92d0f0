#include "platform/agent/server_link.h"

#include <chrono>
#include <condition_variable>
#include <nlohmann/json.hpp>

#include "backends/engine_metrics.h"
#include "base/log.h"
#include "base/strings.h"
#include "platform/agent/agent_log.h"
#include "platform/agent/cancellable_fetch.h"
#include "platform/agent/engine_log.h"
#include "spec/json.h"

namespace redline::platform {
namespace {

constexpr double kPollSeconds = 20;
constexpr double kRetrySeconds = 0.5;
constexpr double kMetricsSeconds = 5;
constexpr size_t kMostMetricsBytes = 8 << 20;

// Sleeps, or returns early when told to stop.
void Pause(double seconds, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
}

}  // namespace

ServerLink::ServerLink(ServerApi& api, const DataLayout& layout,
                       std::function<spec::Worker()> describe, std::function<void()> wake)
    : api_(api),
      layout_(layout),
      describe_(std::move(describe)),
      wake_(std::move(wake)),
      metrics_([this](const LogRequest& request,
                      const std::stop_token& stop) { return MetricsOf(request, stop); },
               [this](const std::string& id, const std::string& text, const std::stop_token& stop) {
                 SendReply(id, {.text = text}, stop);
               }) {
  heartbeat_thread_ = std::jthread([this](const std::stop_token& stop) { HeartbeatLoop(stop); });
  poll_thread_ = std::jthread([this](const std::stop_token& stop) { PollLoop(stop); });
}

std::optional<Assignments> ServerLink::TakeAssignments() {
  const std::lock_guard lock(mutex_);
  return std::exchange(latest_, std::nullopt);
}

void ServerLink::HeartbeatLoop(const std::stop_token& stop) {
  bool was_ok = false;
  while (!stop.stop_requested()) {
    const spec::Worker worker = describe_();
    const auto seconds = api_.Heartbeat(worker, stop);
    if (stop.stop_requested()) return;
    if (seconds.ok() != was_ok)
      LogInfo(kAgentLog, "{}",
              seconds.ok() ? "registered as " + worker.id
                           : "server away: " + seconds.status().message());
    if (seconds.ok() && !was_ok) {
      registered_ = true;
      returned_ = true;
      wake_();
    }
    was_ok = seconds.ok();
    Pause(seconds.ok() ? *seconds : kRetrySeconds, stop);
  }
}

void ServerLink::PollLoop(const std::stop_token& stop) {
  int64_t revision = -1;
  while (!stop.stop_requested()) {
    if (!registered_) {
      Pause(0.1, stop);
      continue;
    }
    auto answer = api_.PollAssignments(revision, kPollSeconds, stop);
    if (!answer.ok()) {
      // What the server knew is unknown now: it is asked for everything.
      revision = -1;
      Pause(kRetrySeconds, stop);
      continue;
    }
    for (const LogRequest& request : answer->log_requests) AnswerLogRequest(request, stop);
    if (answer->revision == revision) continue;
    revision = answer->revision;
    {
      const std::lock_guard lock(mutex_);
      latest_ = std::move(answer).value();
    }
    wake_();
  }
}

void ServerLink::AnswerLogRequest(const LogRequest& request, const std::stop_token& stop) {
  // The id becomes a path.
  if (!spec::ValidateDeploymentName(request.instance_id).ok()) return;
  if (!request.metrics_of.empty()) return metrics_.Ask(request);
  SendReply(request.id,
            ReadLog(layout_.instance_dir(request.instance_id) / "engine.log", request.after,
                    request.max_bytes),
            stop);
}

void ServerLink::SendReply(const std::string& request_id, const LogReply& reply,
                           const std::stop_token& stop) {
  const Status status = api_.ReplyLog(request_id, reply, stop);
  if (!status.ok()) LogWarn(kAgentLog, "log reply: {}", status.message());
}

std::string ServerLink::MetricsOf(const LogRequest& request, const std::stop_token& stop) {
  // Engines of this node, and nothing else.
  const bool is_here =
      request.metrics_of == "unix:" + layout_.engine_socket(request.instance_id).string() ||
      request.metrics_of.starts_with("http://127.0.0.1:");
  const auto backend = backends::FindBackend(request.engine);
  if (!is_here || !backend.ok()) return "";
  net::ClientRequest question;
  question.url = UrlOf(request.metrics_of, (*backend)->facts().metrics_path);
  question.idle_timeout_seconds = kMetricsSeconds;
  question.max_response_bytes = kMostMetricsBytes;
  const auto answer = CancellableFetch(engines_, question, stop);
  if (!answer.ok() || answer->status != 200) return "";
  return spec::DumpJson(
      spec::ToJson(backends::MapMetrics((*backend)->facts().metrics, answer->body)));
}

}  // namespace redline::platform
