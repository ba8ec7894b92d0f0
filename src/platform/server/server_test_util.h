// For the server's tests: a server of its own on a Unix socket, and an agent that does as it is
// told.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "platform/server/server.h"

namespace redline::platform {

struct Reply {
  int status = 0;
  net::Headers headers;
  std::string text;
  nlohmann::json json;  // discarded when the text is none
};

class ServerTest : public testing::Test {
 protected:
  static constexpr char kKey[] = "the-admin-key";

  void SetUp() override;
  void TearDown() override;
  void StartServer();
  void StopServer() { server_.reset(); }

  Reply Send(const std::string& method, const std::string& path, const std::string& body,
             const net::Headers& headers);
  // With the admin key; `body` null: none.
  Reply Call(const std::string& method, const std::string& path, const nlohmann::json& body = {});
  Reply Get(const std::string& path) { return Call("GET", path); }

  std::filesystem::path dir_;
  std::filesystem::path program_;  // of the lab's jobs; empty: this binary
  std::vector<EmbeddedFile> console_files_;
  std::unique_ptr<Server> server_;
  net::HttpClient client_;
};

class FakeAgent {
 public:
  using Caller = std::function<Reply(const std::string& method, const std::string& path,
                                     const nlohmann::json& body)>;
  FakeAgent(Caller call, std::string id, int64_t memory_bytes)
      : call_(std::move(call)), id_(std::move(id)), memory_bytes_(memory_bytes) {}

  Reply Heartbeat();
  // The answer; remembers its revision for the next poll.
  nlohmann::json Poll(int wait_seconds = 0);
  Reply Report(const std::string& instance_id, int64_t generation, const std::string& state,
               const std::string& reason = "");
  // What happened while the server was away, oldest first.
  Reply ReportAll(const std::string& instance_id, const nlohmann::json& statuses);
  // Polls, and brings every assignment to where it should be: RUNNING or STOPPED.
  void Obey();

 private:
  Caller call_;
  std::string id_;
  int64_t memory_bytes_;
  int64_t revision_ = -1;
};

}  // namespace redline::platform
