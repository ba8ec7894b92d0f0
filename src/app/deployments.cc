#include "app/deployments.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/output.h"
#include "app/progress_line.h"
#include "app/workers.h"
#include "base/clock.h"
#include "base/strings.h"

namespace redline::app {
namespace {

using nlohmann::json;

int64_t Restarts(const json& deployment) {
  int64_t restarts = 0;
  for (const json& instance : deployment.value("instances", json::array()))
    restarts += instance.value("restart_count", int64_t{0});
  return restarts;
}

std::string EngineName(const json& deployment) {
  const json engine = deployment.value("engine", json::object());
  return engine.value("engine", "") + " " + engine.value("version", "");
}

// The instance that holds the deployment's phase: the one to report on.
json PhaseInstance(const json& deployment) {
  for (const json& instance : deployment.value("instances", json::array())) {
    if (instance.value("state", "") == deployment.value("phase", "")) return instance;
  }
  return json::object();
}

bool HopelessError(const json& deployment) {
  const std::string phase = deployment.value("phase", "");
  const std::string reason = deployment.value("reason", "");
  return phase == "ERROR" && Restarts(deployment) >= 1 && reason.find("CRASH_LOOP") == 0;
}

}  // namespace

std::string DeploymentsTable(const json& items) {
  std::vector<std::vector<std::string>> rows;
  for (const json& item : items) {
    rows.push_back({item.value("name", ""), KindOf(item), item.value("model", ""),
                    DescribeProgress(item),
                    fmt::format("{}/{}", item.value("ready_replicas", int64_t{0}),
                                item.value("replicas", int64_t{0})),
                    EngineName(item), std::to_string(Restarts(item)), item.value("reason", "")});
  }
  return FormatTable({"NAME", "KIND", "MODEL", "PHASE", "READY", "ENGINE", "RESTARTS", "REASON"},
                     rows);
}

std::string DescribeProgress(const json& deployment) {
  const std::string phase = deployment.value("phase", "");
  const json progress = PhaseInstance(deployment).value("progress", json::object());
  const std::string what = progress.value("phase", "");
  if (what.empty() || phase == "RUNNING" || phase == "STOPPED") return phase;
  std::string text = fmt::format("{} {:.0f}%", phase, 100 * progress.value("fraction", 0.0));
  // "DOWNLOADING 40% (downloading)" would say nothing more.
  if (ToLower(phase) != what) text += " (" + EscapeControl(what) + ")";
  if (const auto total = progress.value("bytes_total", int64_t{0}); total > 0)
    text += DownloadText(progress.value("bytes_done", int64_t{0}), total,
                         progress.value("bytes_per_second", 0.0));
  return text;
}

Status WaitForWorker(ApiClient& api, double timeout_seconds) {
  const MonotonicTime begin = MonotonicNow();
  while (SecondsSince(begin) < timeout_seconds) {
    RL_ASSIGN_OR_RETURN(const json workers, api.Get("/api/v1/workers"));
    if (!workers["items"].empty()) return OkStatus();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return Status(Code::kDeadlineExceeded, "no node has registered; see: redline doctor");
}

Status WaitUntilRunning(ApiClient& api, const std::string& name, double timeout_seconds) {
  const MonotonicTime begin = MonotonicNow();
  ProgressLine line;
  std::string last_reason;
  while (SecondsSince(begin) < timeout_seconds) {
    RL_ASSIGN_OR_RETURN(const json deployment, api.Get("/api/v1/deployments/" + PathSegment(name)));
    const std::string phase = deployment.value("phase", "");
    last_reason = deployment.value("reason", "");
    if (phase == "RUNNING") return OkStatus();
    if (deployment.value("replicas", int64_t{0}) == 0)
      return FailedPrecondition(name + " wants no replicas; scale it first: redline scale " + name +
                                " 1");
    if (HopelessError(deployment))
      return FailedPrecondition(name + " does not start: " + last_reason + "; see: redline logs " +
                                name);
    const json progress = PhaseInstance(deployment).value("progress", json::object());
    line.Show(phase + progress.value("phase", ""), name + ": " + DescribeProgress(deployment));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return Status(Code::kDeadlineExceeded,
                fmt::format("{} is not running after {}{}{}; see: redline describe {}", name,
                            FormatDuration(timeout_seconds), last_reason.empty() ? "" : ": ",
                            last_reason, name));
}

Status WaitUntilStopped(ApiClient& api, const std::string& name, double timeout_seconds) {
  const MonotonicTime begin = MonotonicNow();
  while (SecondsSince(begin) < timeout_seconds) {
    RL_ASSIGN_OR_RETURN(const json deployment, api.Get("/api/v1/deployments/" + PathSegment(name)));
    if (deployment.value("phase", "") == "STOPPED") return OkStatus();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return Status(Code::kDeadlineExceeded,
                fmt::format("{} has not stopped after {}", name, FormatDuration(timeout_seconds)));
}

Status WaitUntilGone(ApiClient& api, const std::string& name, double timeout_seconds) {
  const MonotonicTime begin = MonotonicNow();
  while (SecondsSince(begin) < timeout_seconds) {
    const auto deployment = api.Get("/api/v1/deployments/" + PathSegment(name));
    if (deployment.status().code() == Code::kNotFound) return OkStatus();
    if (!deployment.ok()) return deployment.status();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return Status(Code::kDeadlineExceeded,
                fmt::format("{} is not gone after {}", name, FormatDuration(timeout_seconds)));
}

}  // namespace redline::app
