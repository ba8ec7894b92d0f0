#include "platform/agent/server_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "net/json_body.h"
#include "platform/agent/agent_log.h"
#include "platform/agent/cancellable_fetch.h"
#include "spec/json.h"

namespace redline::platform {
namespace {

using nlohmann::json;

constexpr double kCallTimeoutSeconds = 10;
constexpr int64_t kMaxLogBytes = 1 << 20;

std::string TimeText(int64_t unix_millis) {
  return unix_millis == 0 ? std::string() : FormatRfc3339(unix_millis);
}

template <typename T>
T ValueOr(const json& object, const char* key, T otherwise) {
  const auto found = object.find(key);
  if (found == object.end()) return otherwise;
  if constexpr (std::is_same_v<T, std::string>)
    return found->is_string() ? found->template get<T>() : otherwise;
  else
    return found->is_number() ? found->template get<T>() : otherwise;
}

LogRequest LogRequestFrom(const json& object) {
  LogRequest request;
  request.id = ValueOr<std::string>(object, "id", "");
  request.instance_id = ValueOr<std::string>(object, "instance_id", "");
  request.metrics_of = ValueOr<std::string>(object, "metrics_of", "");
  request.engine = ValueOr<std::string>(object, "engine", "");
  request.after = ValueOr<int64_t>(object, "after", -1);
  request.max_bytes =
      std::clamp<int64_t>(ValueOr<int64_t>(object, "max_bytes", 65536), 1, kMaxLogBytes);
  return request;
}

Code CodeOf(int http_status) {
  switch (http_status) {
    case 400:
    case 422:
      return Code::kInvalidArgument;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 409:
      return Code::kFailedPrecondition;
    case 500:
      return Code::kInternal;
    default:
      return Code::kUnavailable;
  }
}

std::string MessageIn(const std::string& body) {
  const auto object = net::ParseJsonObject(body);
  if (!object.ok() || !object->contains("error") || !object->at("error").is_object()) return "";
  return ValueOr<std::string>(object->at("error"), "message", "");
}

}  // namespace

Result<Assignments> AssignmentsFromText(const std::string& text) {
  RL_ASSIGN_OR_RETURN(const json object, net::ParseJsonObject(text));
  const json none = json::array();
  const json& listed = object.contains("assignments") ? object.at("assignments") : none;
  const json& requests = object.contains("log_requests") ? object.at("log_requests") : none;
  if (!listed.is_array() || !requests.is_array())
    return InvalidArgument("assignments and log_requests must be arrays");
  Assignments result;
  result.revision = ValueOr<int64_t>(object, "revision", 0);
  for (const json& entry : listed) {
    auto assignment = spec::AssignmentFromJson(entry);
    if (assignment.ok()) {
      result.assignments.push_back(std::move(assignment).value());
      continue;
    }
    LogError(kAgentLog, "an assignment is damaged: {}", assignment.status().message());
    if (entry.is_object())
      result.unreadable.push_back(ValueOr<std::string>(entry, "instance_id", ""));
  }
  for (const json& entry : requests) {
    if (entry.is_object()) result.log_requests.push_back(LogRequestFrom(entry));
  }
  return result;
}

std::string AssignmentsToText(const Assignments& assignments) {
  json listed = json::array();
  for (const spec::Assignment& assignment : assignments.assignments)
    listed.push_back(spec::ToJson(assignment));
  return spec::DumpJson({{"revision", assignments.revision}, {"assignments", listed}}) + "\n";
}

Result<std::string> ServerApi::Call(std::string method, const std::string& path, std::string body,
                                    double idle_timeout_seconds, const std::stop_token& stop) {
  net::ClientRequest request;
  request.method = std::move(method);
  request.url = UrlOf(server_url_, path);
  if (!body.empty()) request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(body);
  request.idle_timeout_seconds = idle_timeout_seconds;
  RL_ASSIGN_OR_RETURN(net::HttpResponse response, CancellableFetch(client_, request, stop));
  if (response.status >= 200 && response.status < 300) return std::move(response.body);
  return Status(CodeOf(response.status),
                fmt::format("{} answers {}: {}", path, response.status, MessageIn(response.body)));
}

Result<double> ServerApi::Heartbeat(const spec::Worker& worker, const std::stop_token& stop) {
  constexpr double kUsualSeconds = 5;
  RL_ASSIGN_OR_RETURN(const std::string body,
                      Call("POST", "/internal/v1/workers", spec::DumpJson(spec::ToJson(worker)),
                           kCallTimeoutSeconds, stop));
  const auto answer = net::ParseJsonObject(body);
  if (!answer.ok()) return kUsualSeconds;
  return std::clamp(ValueOr<double>(*answer, "heartbeat_seconds", kUsualSeconds), 0.1, 60.0);
}

Status ServerApi::Leave(const std::stop_token& stop) {
  return Call("DELETE", "/internal/v1/workers/" + worker_id_, "", kCallTimeoutSeconds, stop)
      .status();
}

Result<Assignments> ServerApi::PollAssignments(int64_t revision, double wait_seconds,
                                               const std::stop_token& stop) {
  const std::string path =
      fmt::format("/internal/v1/workers/{}/assignments?revision={}&wait_seconds={:.0f}", worker_id_,
                  revision, wait_seconds);
  RL_ASSIGN_OR_RETURN(const std::string body,
                      Call("GET", path, "", wait_seconds + kCallTimeoutSeconds, stop));
  return AssignmentsFromText(body);
}

Status ServerApi::ReportStatuses(const std::vector<spec::Instance>& statuses,
                                 const std::stop_token& stop) {
  json list = json::array();
  for (const spec::Instance& status : statuses) {
    list.push_back({{"generation", status.generation},
                    {"state", spec::NameOf(status.state)},
                    {"reason", status.reason},
                    {"pid", status.pid},
                    {"endpoint", status.endpoint},
                    {"restart_count", status.restart_count},
                    {"progress", spec::ToJson(status.progress)},
                    {"started_at", TimeText(status.started_at_ms)},
                    {"ready_at", TimeText(status.ready_at_ms)},
                    {"effective", spec::ToJson(status.effective)}});
  }
  const std::string path =
      fmt::format("/internal/v1/workers/{}/instances/{}/status", worker_id_, statuses.front().id);
  return Call("POST", path, spec::DumpJson({{"statuses", std::move(list)}}), kCallTimeoutSeconds,
              stop)
      .status();
}

Status ServerApi::ReplyLog(const std::string& request_id, const LogReply& reply,
                           const std::stop_token& stop) {
  return Call("POST", "/internal/v1/log-replies/" + request_id,
              spec::DumpJson({{"text", reply.text}, {"next", reply.next}}), kCallTimeoutSeconds,
              stop)
      .status();
}

}  // namespace redline::platform
