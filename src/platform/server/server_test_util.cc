#include "platform/server/server_test_util.h"

#include "embedded/catalog_files.h"

namespace redline::platform {

using nlohmann::json;

void ServerTest::SetUp() {
  char name[] = "/tmp/redline-server-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  dir_ = name;
  console_files_ = {{"index.html", "<!doctype html><title>console</title>"},
                    {"assets/app-1234.js", "console.log(1)"},
                    {"favicon.svg", "<svg/>"}};
  StartServer();
}

void ServerTest::TearDown() {
  server_.reset();
  std::filesystem::remove_all(dir_);
}

void ServerTest::StartServer() {
  const auto layout = PrepareDataDir(dir_ / "data");
  ASSERT_TRUE(layout.ok()) << layout.status().message();
  auto server = Server::Start(
      {.layout = *layout, .cache_dir = dir_ / "cache", .admin_key = kKey, .program = program_},
      embedded::catalog_files(), console_files_);
  ASSERT_TRUE(server.ok()) << server.status().message();
  server_ = std::move(server).value();
}

Reply ServerTest::Send(const std::string& method, const std::string& path, const std::string& body,
                       const net::Headers& headers) {
  net::ClientRequest request;
  request.method = method;
  request.url = "unix:" + (dir_ / "data" / "run" / "server.sock").string() + ":" + path;
  request.headers = headers;
  request.body = body;
  const auto response = client_.Fetch(request);
  EXPECT_TRUE(response.ok()) << method << " " << path << ": " << response.status().message();
  if (!response.ok()) return {};
  return {response->status, response->headers, response->body,
          json::parse(response->body, nullptr, /*allow_exceptions=*/false)};
}

Reply ServerTest::Call(const std::string& method, const std::string& path, const json& body) {
  return Send(method, path, body.is_null() ? "" : body.dump(),
              {{"Authorization", std::string("Bearer ") + kKey}});
}

Reply FakeAgent::Heartbeat() {
  return call_("POST", "/internal/v1/workers",
               {{"id", id_},
                {"name", "host-" + id_},
                {"device", "cpu"},
                {"num_devices", 2},
                {"memory_total_bytes", memory_bytes_},
                {"memory_available_bytes", memory_bytes_},
                {"isa", {"avx2"}},
                {"version", "0.1.0"}});
}

json FakeAgent::Poll(int wait_seconds) {
  const Reply reply =
      call_("GET",
            "/internal/v1/workers/" + id_ + "/assignments?revision=" + std::to_string(revision_) +
                "&wait_seconds=" + std::to_string(wait_seconds),
            {});
  EXPECT_EQ(reply.status, 200) << reply.text;
  if (reply.status == 200) revision_ = reply.json.at("revision");
  return reply.json;
}

Reply FakeAgent::Report(const std::string& instance_id, int64_t generation,
                        const std::string& state, const std::string& reason) {
  const bool running = state == "RUNNING";
  const json status = {{"generation", generation},
                       {"state", state},
                       {"reason", reason},
                       {"pid", running ? 4711 : 0},
                       {"endpoint", running ? "unix:/run/" + instance_id + ".sock" : ""},
                       {"restart_count", 0},
                       {"progress", {{"phase", "loading"}, {"fraction", 0.5}}},
                       {"started_at", "2026-01-02T03:04:05.000Z"},
                       {"ready_at", running ? "2026-01-02T03:04:06.000Z" : ""}};
  return ReportAll(instance_id, json::array({status}));
}

Reply FakeAgent::ReportAll(const std::string& instance_id, const json& statuses) {
  return call_("POST", "/internal/v1/workers/" + id_ + "/instances/" + instance_id + "/status",
               {{"statuses", statuses}});
}

void FakeAgent::Obey() {
  const json view = Poll();
  for (const json& assignment : view.at("assignments")) {
    const Reply reply = Report(assignment.at("instance_id"), assignment.at("generation"),
                               assignment.at("should_run") ? "RUNNING" : "STOPPED");
    EXPECT_EQ(reply.status, 200) << reply.text;
  }
}

}  // namespace redline::platform
