// The gateway's routes over real sockets, with engines and a server that this test plays.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/ids.h"
#include "base/strings.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "platform/gateway/gateway_routes.h"

namespace redline::platform {
namespace {

using nlohmann::json;
using Writer = std::shared_ptr<net::ResponseWriter>;

constexpr char kKey[] = "rl-test-key";

// An engine on a Unix socket that does what the handler says.
class FakeEngine {
 public:
  FakeEngine(const std::filesystem::path& path, net::Handler handler) : path_(path) {
    router_.Add("POST", "/v1/chat/completions", std::move(handler));
    net::HttpServerOptions options;
    options.unix_path = path;
    auto server = net::HttpServer::Start(options, router_);
    EXPECT_TRUE(server.ok()) << server.status().ToString();
    server_ = std::move(*server);
  }
  std::string endpoint() const { return "unix:" + path_.string(); }
  void Kill() { server_.reset(); }

 private:
  std::filesystem::path path_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
};

class GatewayTest : public testing::Test {
 protected:
  GatewayTest()
      : folder_(std::filesystem::path(testing::TempDir()) / NewId("gw")),
        snapshots_(folder_ / "snapshot.json"),
        routes_(snapshots_, client_, (folder_ / "server.sock").string()) {
    EXPECT_TRUE(MakeDirectories(folder_, 0700).ok());
    routes_.AddTo(router_);
    auto server = net::HttpServer::Start({}, router_);
    EXPECT_TRUE(server.ok()) << server.status().ToString();
    server_ = std::move(*server);
  }
  ~GatewayTest() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Serve(const std::vector<std::string>& endpoints) {
    json instances = json::array();
    for (const std::string& endpoint : endpoints)
      instances.push_back({{"id", "i" + std::to_string(instances.size())},
                           {"generation", 1},
                           {"endpoint", endpoint}});
    const json snapshot = {
        {"revision", ++revision_},
        {"keys",
         {{{"id", "admin"}, {"sha256", Sha256Hex(kKey)}, {"scopes", {"admin", "inference"}}}}},
        {"models", {{{"name", "m"}, {"instances", instances}}}}};
    ASSERT_TRUE(snapshots_.Replace(snapshot.dump()).ok());
  }

  net::ClientRequest Request(const std::string& method, const std::string& path,
                             std::string body = {}, const std::string& key = kKey) {
    net::ClientRequest request;
    request.method = method;
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + path;
    request.headers = {{"Authorization", "Bearer " + key}};
    request.body = std::move(body);
    return request;
  }

  net::HttpResponse Fetch(const net::ClientRequest& request) {
    auto response = client_.Fetch(request);
    EXPECT_TRUE(response.ok()) << response.status().ToString();
    return response.ok() ? *response : net::HttpResponse{};
  }
  net::HttpResponse Chat(const std::string& body = R"({"model":"m"})") {
    return Fetch(Request("POST", "/v1/chat/completions", body));
  }

  std::filesystem::path folder_;
  net::HttpClient client_;
  SnapshotHolder snapshots_;
  GatewayRoutes routes_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
  int revision_ = 0;
};

net::Handler Answers(const std::string& text) {
  return [text](const net::HttpRequest&, const Writer& writer) {
    writer->Send(net::TextResponse(
        200, R"({"text":")" + text + R"(","usage":{"prompt_tokens":5,"completion_tokens":2}})",
        "application/json"));
  };
}

TEST_F(GatewayTest, RelaysAndMeters) {
  FakeEngine engine(folder_ / "e.sock", Answers("hi"));
  Serve({engine.endpoint()});
  const auto response = Chat();
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find("hi"), std::string::npos);
  const auto metrics = Fetch(Request("GET", "/metrics")).body;
  EXPECT_NE(metrics.find(R"(redline_gateway_completion_tokens_total{model="m"} 2)"),
            std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find("redline_gateway_requests_in_flight 0"), std::string::npos) << metrics;
}

TEST_F(GatewayTest, RoutesByTable) {
  FakeEngine engine(folder_ / "e.sock", Answers("hi"));
  Serve({engine.endpoint()});
  const struct {
    std::string method, path, body, key;
    int status;
  } cases[] = {
      {"GET", "/health", "", "", 200},
      {"GET", "/v1/models", "", kKey, 200},
      {"GET", "/v1/models", "", "wrong", 401},
      {"GET", "/v1/models/m", "", kKey, 200},
      {"GET", "/v1/models/x", "", kKey, 404},
      {"GET", "/metrics", "", "wrong", 401},
      {"POST", "/v1/chat/completions", R"({"model":"m"})", "wrong", 401},
      {"POST", "/v1/chat/completions", R"({"model":"x"})", kKey, 404},
      {"POST", "/v1/chat/completions", "{", kKey, 400},
      {"POST", "/v1/embeddings", "{}", kKey, 404},
      {"DELETE", "/v1/models", "", kKey, 405},
      {"GET", "/internal/v1/snapshot", "", kKey, 404},
      {"GET", "//internal/v1/snapshot", "", kKey, 404},
      {"GET", "/%69nternal/v1/snapshot", "", kKey, 404},
      {"POST", "/internal/v1/workers", "{}", kKey, 404},
      {"GET", "/api/v1/deployments", "", kKey, 503},  // the server is away
  };
  for (const auto& test_case : cases) {
    const auto response =
        Fetch(Request(test_case.method, test_case.path, test_case.body, test_case.key));
    const bool refused =
        test_case.status == 404 && (response.status == 405 || response.status == 400);
    EXPECT_TRUE(response.status == test_case.status || refused)
        << test_case.method << " " << test_case.path << ": " << response.status << " "
        << response.body;
  }
}

TEST_F(GatewayTest, AnotherInstanceTakesOverWhileNothingWasSent) {
  FakeEngine engine(folder_ / "e.sock", Answers("second"));
  Serve({"unix:" + (folder_ / "gone.sock").string(), engine.endpoint()});
  for (int attempt = 0; attempt < 4; ++attempt) {
    const auto response = Chat();
    EXPECT_EQ(response.status, 200) << response.body;
  }
}

TEST_F(GatewayTest, NoInstanceIs503WithRetryAfter) {
  for (const std::vector<std::string>& endpoints :
       {std::vector<std::string>{}, {"unix:" + (folder_ / "gone.sock").string()}}) {
    Serve(endpoints);
    const auto response = Chat();
    EXPECT_EQ(response.status, 503);
    EXPECT_FALSE(net::FindHeader(response.headers, "retry-after").empty());
    EXPECT_EQ(json::parse(response.body)["error"]["code"], "engine_unavailable");
  }
}

TEST_F(GatewayTest, CutStreamEndsWithAnErrorEventAndNoDone) {
  FakeEngine engine(folder_ / "e.sock", [](const net::HttpRequest&, const Writer& writer) {
    writer->StartStream(200, {{"Content-Type", "text/event-stream"}});
    writer->Write("data: {\"choices\":[{}]}\n\n");
    writer->Abort();
  });
  Serve({engine.endpoint()});
  std::string body;
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  net::ExchangeCallbacks callbacks;
  callbacks.on_body = [&](std::string_view bytes) { body.append(bytes); };
  callbacks.on_done = [&](const Status&) {
    std::lock_guard lock(mutex);
    done = true;
    ended.notify_one();
  };
  client_.Start(Request("POST", "/v1/chat/completions", R"({"model":"m","stream":true})"),
                std::move(callbacks));
  std::unique_lock lock(mutex);
  ASSERT_TRUE(ended.wait_for(lock, std::chrono::seconds(5), [&] { return done; }));
  EXPECT_NE(body.find("engine_unavailable"), std::string::npos) << body;
  EXPECT_EQ(body.find("[DONE]"), std::string::npos) << body;
}

TEST_F(GatewayTest, ClientThatLeavesCancelsTheEnginesWork) {
  std::atomic<bool> cancelled = false;
  std::atomic<bool> asked = false;
  Writer kept;  // the engine never answers by itself
  FakeEngine engine(folder_ / "e.sock", [&](const net::HttpRequest&, const Writer& writer) {
    writer->OnPeerClosed([&] { cancelled = true; });
    kept = writer;
    asked = true;
  });
  Serve({engine.endpoint()});
  auto exchange = client_.Start(Request("POST", "/v1/chat/completions", R"({"model":"m"})"), {});
  for (int wait = 0; wait < 500 && !asked; ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(asked);
  exchange->Cancel();
  for (int wait = 0; wait < 500 && !cancelled; ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace redline::platform
