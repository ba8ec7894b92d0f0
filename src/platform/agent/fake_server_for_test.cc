#include "platform/agent/fake_server_for_test.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace redline::platform {

using nlohmann::json;

FakeServer::FakeServer(std::filesystem::path socket) : socket_(std::move(socket)) { AddRoutes(); }

void FakeServer::Start() {
  net::HttpServerOptions options;
  options.unix_path = socket_;
  auto server = net::HttpServer::Start(options, router_);
  ASSERT_TRUE(server.ok()) << server.status().ToString();
  server_ = std::move(server).value();
}

void FakeServer::Stop() {
  server_.reset();
  const std::lock_guard lock(mutex_);
  waiting_.clear();
  revision_ += 100;  // as another life of the server would
}

void FakeServer::AddRoutes() {
  router_.Add(
      "POST", "/internal/v1/workers", [this](const net::HttpRequest& request, Writer writer) {
        {
          const std::lock_guard lock(mutex_);
          worker_ = json::parse(request.body);
        }
        writer->Send(net::TextResponse(200, R"({"heartbeat_seconds": 0.2})", "application/json"));
      });
  router_.Add("GET", "/internal/v1/workers/{id}/assignments",
              [this](const net::HttpRequest& request, Writer writer) { OnPoll(request, writer); });
  router_.Add("POST", "/internal/v1/workers/{id}/instances/{instance_id}/status",
              [this](const net::HttpRequest& request, Writer writer) {
                const json body = json::parse(request.body);
                {
                  const std::lock_guard lock(mutex_);
                  for (const json& status : body.at("statuses")) {
                    statuses_.push_back({request.path_params.at("instance_id"), status.at("state"),
                                         status.at("reason"), status});
                  }
                }
                writer->Send(net::TextResponse(200, "{}", "application/json"));
              });
  router_.Add("POST", "/internal/v1/log-replies/{id}",
              [this](const net::HttpRequest& request, Writer writer) {
                {
                  const std::lock_guard lock(mutex_);
                  log_replies_[request.path_params.at("id")] = json::parse(request.body);
                  log_requests_ = json::array();
                }
                writer->Send(net::TextResponse(200, "{}", "application/json"));
              });
}

void FakeServer::OnPoll(const net::HttpRequest& request, const Writer& writer) {
  const std::lock_guard lock(mutex_);
  const auto known = ParseInt64(request.query.at("revision")).value_or(-1);
  if (known == revision_ && log_requests_.empty())
    waiting_.push_back(writer);
  else
    writer->Send(net::TextResponse(200, AnswerText(), "application/json"));
}

std::string FakeServer::AnswerText() const {
  json listed = json::array();
  for (const spec::Assignment& assignment : assignments_)
    listed.push_back(spec::ToJson(assignment));
  return json{{"revision", revision_}, {"assignments", listed}, {"log_requests", log_requests_}}
      .dump();
}

void FakeServer::ReleaseWaiting() {
  for (const Writer& writer : waiting_)
    writer->Send(net::TextResponse(200, AnswerText(), "application/json"));
  waiting_.clear();
}

void FakeServer::SetAssignments(std::vector<spec::Assignment> assignments) {
  const std::lock_guard lock(mutex_);
  assignments_ = std::move(assignments);
  ++revision_;
  ReleaseWaiting();
}

void FakeServer::AskForLog(const std::string& request_id, const std::string& instance_id,
                           int64_t after) {
  const std::lock_guard lock(mutex_);
  log_requests_.push_back(
      {{"id", request_id}, {"instance_id", instance_id}, {"after", after}, {"max_bytes", 65536}});
  ReleaseWaiting();
}

std::vector<ReportedStatus> FakeServer::statuses() const {
  const std::lock_guard lock(mutex_);
  return statuses_;
}

ReportedStatus FakeServer::Last(const std::string& instance_id) const {
  const std::lock_guard lock(mutex_);
  for (auto each = statuses_.rbegin(); each != statuses_.rend(); ++each) {
    if (each->instance_id == instance_id) return *each;
  }
  return {};
}

std::map<std::string, json> FakeServer::log_replies() const {
  const std::lock_guard lock(mutex_);
  return log_replies_;
}

json FakeServer::worker() const {
  const std::lock_guard lock(mutex_);
  return worker_;
}

}  // namespace redline::platform
