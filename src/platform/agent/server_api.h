// The server's agent endpoints as calls ("Platform contracts" in docs/architecture.md).
// Thread-safe; every call blocks and can be given up.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/http_client.h"
#include "spec/deployment.h"

namespace redline::platform {

struct LogRequest {
  std::string id;
  std::string instance_id;
  int64_t after = -1;  // byte offset; -1: the last max_bytes
  int64_t max_bytes = 65536;
  // Then its metrics are wanted, not its log.
  std::string metrics_of;  // the engine's endpoint; "": the log
  std::string engine;
};

struct LogReply {
  std::string text;
  int64_t next = 0;  // byte offset behind the text
};

struct Assignments {
  int64_t revision = 0;
  std::vector<spec::Assignment> assignments;
  std::vector<std::string> unreadable;  // instances whose assignment is damaged: left as they are
  std::vector<LogRequest> log_requests;
};

// One damaged assignment does not stop the others.
Result<Assignments> AssignmentsFromText(const std::string& text);
std::string AssignmentsToText(const Assignments& assignments);

class ServerApi {
 public:
  ServerApi(std::string server_url, std::string worker_id)
      : server_url_(std::move(server_url)), worker_id_(std::move(worker_id)) {}

  // Registers or renews; seconds until the next time.
  Result<double> Heartbeat(const spec::Worker& worker, const std::stop_token& stop);
  // Its engines are stopped, and it will not come again.
  Status Leave(const std::stop_token& stop);
  Result<Assignments> PollAssignments(int64_t revision, double wait_seconds,
                                      const std::stop_token& stop);
  // What happened to one instance, oldest first; at least one status.
  Status ReportStatuses(const std::vector<spec::Instance>& statuses, const std::stop_token& stop);
  Status ReplyLog(const std::string& request_id, const LogReply& reply,
                  const std::stop_token& stop);

 private:
  // The body of a 2xx answer; another status as a Status that carries the server's message.
  Result<std::string> Call(std::string method, const std::string& path, std::string body,
                           double idle_timeout_seconds, const std::stop_token& stop);

  const std::string server_url_;
  const std::string worker_id_;
  net::HttpClient client_;
};

}  // namespace redline::platform
