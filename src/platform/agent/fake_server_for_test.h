// The server's agent endpoints, on D/run/server.sock, with everything the agent says written down.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "net/http_server.h"
#include "spec/deployment.h"

namespace redline::platform {

struct ReportedStatus {
  std::string instance_id;
  std::string state;
  std::string reason;
  nlohmann::json body = nlohmann::json::object();
};

// Thread-safe.
class FakeServer {
 public:
  explicit FakeServer(std::filesystem::path socket);
  ~FakeServer() { Stop(); }  // before what its threads write to
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  void Start();
  void Stop();

  void SetAssignments(std::vector<spec::Assignment> assignments);
  void AskForLog(const std::string& request_id, const std::string& instance_id, int64_t after);

  std::vector<ReportedStatus> statuses() const;
  // The last one; empty fields when there is none.
  ReportedStatus Last(const std::string& instance_id) const;
  std::map<std::string, nlohmann::json> log_replies() const;
  nlohmann::json worker() const;

 private:
  using Writer = std::shared_ptr<net::ResponseWriter>;
  void AddRoutes();
  void OnPoll(const net::HttpRequest& request, const Writer& writer);
  std::string AnswerText() const;  // needs the lock
  void ReleaseWaiting();           // needs the lock

  const std::filesystem::path socket_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
  mutable std::mutex mutex_;  // guards what follows
  int64_t revision_ = 1;
  std::vector<spec::Assignment> assignments_;
  nlohmann::json log_requests_ = nlohmann::json::array();
  std::vector<Writer> waiting_;
  std::vector<ReportedStatus> statuses_;
  std::map<std::string, nlohmann::json> log_replies_;
  nlohmann::json worker_;
};

}  // namespace redline::platform
