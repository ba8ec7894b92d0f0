#include "platform/supervisor/bootstrap.h"

#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/process.h"
#include "base/version.h"
#include "net/http_client.h"

namespace redline::platform {
namespace {

using nlohmann::json;

class ServerCalls {
 public:
  explicit ServerCalls(const BootstrapTask& task) : task_(task) {}

  Result<json> Call(std::string method, const std::string& path, std::string body = {}) {
    net::ClientRequest request;
    request.method = std::move(method);
    request.url = task_.base_url + path;
    request.headers = {{"Authorization", "Bearer " + task_.admin_key}};
    if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    request.body = std::move(body);
    request.idle_timeout_seconds = 10;
    RL_ASSIGN_OR_RETURN(const net::HttpResponse response, client_.Fetch(request));
    json parsed = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
    if (response.status < 300 && !parsed.is_discarded()) return parsed;
    return Status(response.status >= 500 ? Code::kUnavailable : Code::kFailedPrecondition,
                  ErrorText(parsed, response.status));
  }

 private:
  static std::string ErrorText(const json& body, int status) {
    if (body.is_object() && body.contains("error") && body["error"].is_object())
      return body["error"].value("message", "");
    return "HTTP status " + std::to_string(status);
  }

  const BootstrapTask& task_;
  net::HttpClient client_;
};

bool WaitUntilReady(ServerCalls& calls, const std::atomic<bool>& stop) {
  while (!stop) {
    if (calls.Call("GET", "/api/v1/status").ok()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

Status WriteUpState(const BootstrapTask& task) {
  const json state = {{"pid", ::getpid()},
                      {"start_time", ProcessStartTime(::getpid()).value_or(0)},
                      {"url", task.base_url},
                      {"port", task.port},
                      {"version", kVersion}};
  return WriteFileAtomic(task.layout.up_state(), state.dump() + "\n", 0600);
}

// Waits for the first worker too: a deployment is checked against the hardware there is.
Status DeployDefault(ServerCalls& calls, const std::string& model, const std::atomic<bool>& stop) {
  RL_ASSIGN_OR_RETURN(const json deployments, calls.Call("GET", "/api/v1/deployments"));
  if (!deployments["items"].empty()) return OkStatus();
  while (!stop) {
    RL_ASSIGN_OR_RETURN(const json workers, calls.Call("GET", "/api/v1/workers"));
    if (!workers["items"].empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (stop) return OkStatus();
  LogInfo("up", "deploying the default model {}", model);
  return calls.Call("POST", "/api/v1/deployments", json{{"model", model}}.dump()).status();
}

}  // namespace

void RunBootstrap(const BootstrapTask& task, const std::atomic<bool>& stop) {
  const MonotonicTime begin = MonotonicNow();
  ServerCalls calls(task);
  if (!WaitUntilReady(calls, stop)) return;
  LogInfo("up", "ready in {:.0f} ms: console, API and /v1 on {}; the key is in {}",
          SecondsSince(begin) * 1000, task.base_url, task.layout.admin_key().string());
  if (const Status written = WriteUpState(task); !written.ok())
    LogError("up", "the command line will need --server: {}", written.message());
  if (task.default_model.empty()) return;
  if (const Status deployed = DeployDefault(calls, task.default_model, stop); !deployed.ok())
    LogError("up", "the default model was not deployed: {}", deployed.message());
}

}  // namespace redline::platform
