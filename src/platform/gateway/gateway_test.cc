// The gateway's routes over real sockets, with engines and a server that this test plays.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/strings.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/raw_client_for_test.h"
#include "platform/gateway/gateway_routes.h"
#include "platform/gateway/snapshot_watcher.h"

namespace redline::platform {
namespace {

using net::RawClient;
using net::WaitFor;
using nlohmann::json;
using Writer = std::shared_ptr<net::ResponseWriter>;

constexpr char kKey[] = "rl-test-key";
constexpr char kInferenceKey[] = "rl-inference-only";
constexpr char kChat[] = "/v1/chat/completions";

// A process that is not the gateway, on a Unix socket: an engine, or the server.
class FakePeer {
 public:
  FakePeer(const std::filesystem::path& path, const std::string& method, const std::string& pattern,
           net::Handler handler)
      : path_(path) {
    router_.Add(method, pattern, [this, handler = std::move(handler)](auto request, auto writer) {
      ++num_requests_;
      handler(std::move(request), std::move(writer));
    });
    net::HttpServerOptions options;
    options.unix_path = path;
    options.max_buffered_bytes = 64 << 20;
    auto server = net::HttpServer::Start(options, router_);
    EXPECT_TRUE(server.ok()) << server.status().ToString();
    server_ = std::move(*server);
  }
  std::string endpoint() const { return "unix:" + path_.string(); }
  int num_requests() const { return num_requests_; }
  void Kill() { server_.reset(); }

 private:
  std::filesystem::path path_;
  net::Router router_;
  std::atomic<int> num_requests_{0};
  std::unique_ptr<net::HttpServer> server_;
};

// Writers a handler keeps, to be used by the test.
class Kept {
 public:
  net::Handler Handler() {
    return [this](const net::HttpRequest&, const Writer& writer) {
      writer->OnPeerClosed([this] { ++num_closed; });
      const std::lock_guard lock(mutex_);
      writers_.push_back(writer);
    };
  }
  size_t Count() const {
    const std::lock_guard lock(mutex_);
    return writers_.size();
  }
  std::vector<Writer> Wait(size_t count) {
    EXPECT_TRUE(WaitFor([&] { return Count() >= count; }));
    const std::lock_guard lock(mutex_);
    return writers_;
  }
  std::atomic<int> num_closed{0};

 private:
  mutable std::mutex mutex_;
  std::vector<Writer> writers_;
};

class GatewayTest : public testing::Test {
 protected:
  GatewayTest()
      : folder_(std::filesystem::path(testing::TempDir()) / NewId("gw")),
        snapshots_(folder_ / "snapshot.json"),
        routes_(snapshots_, (folder_ / "server.sock").string()) {
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

  std::unique_ptr<FakePeer> Engine(net::Handler handler) {
    return std::make_unique<FakePeer>(folder_ / (NewId("e") + ".sock"), "POST", kChat,
                                      std::move(handler));
  }
  std::string SnapshotJson(const std::vector<std::string>& endpoints) {
    json instances = json::array();
    for (const std::string& endpoint : endpoints)
      instances.push_back({{"id", "i" + std::to_string(instances.size())},
                           {"generation", 1},
                           {"endpoint", endpoint}});
    return json{
        {"revision", ++revision_},
        {"keys",
         {{{"id", "admin"}, {"sha256", Sha256Hex(kKey)}, {"scopes", {"admin", "inference"}}},
          {{"id", "app"}, {"sha256", Sha256Hex(kInferenceKey)}, {"scopes", {"inference"}}}}},
        {"models", {{{"name", "m"}, {"instances", instances}}}}}
        .dump();
  }
  void Serve(const std::vector<std::string>& endpoints) {
    ASSERT_TRUE(snapshots_.Replace(SnapshotJson(endpoints)).ok());
  }

  net::ClientRequest Request(const std::string& method, const std::string& path,
                             std::string body = {}, const std::string& key = kKey) {
    net::ClientRequest request;
    request.method = method;
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + path;
    if (!key.empty()) request.headers = {{"Authorization", "Bearer " + key}};
    request.body = std::move(body);
    return request;
  }
  net::HttpResponse Fetch(const net::ClientRequest& request) {
    auto response = client_.Fetch(request);
    EXPECT_TRUE(response.ok()) << response.status().ToString();
    return response.ok() ? *response : net::HttpResponse{};
  }
  net::HttpResponse Chat(const std::string& body = R"({"model":"m"})") {
    return Fetch(Request("POST", kChat, body));
  }
  // A client that reads what the gateway sends byte for byte.
  RawClient SendChat(const std::string& body) {
    RawClient client(server_->port());
    client.Send(
        net::PostRequest(kChat, body, std::string("Authorization: Bearer ") + kKey + "\r\n"));
    return client;
  }
  std::string Metrics() { return Fetch(Request("GET", "/metrics")).body; }
  bool NothingIsInFlight() {
    return Metrics().find("redline_gateway_requests_in_flight 0") != std::string::npos;
  }

  std::filesystem::path folder_;
  int revision_ = 0;
  SnapshotHolder snapshots_;
  GatewayRoutes routes_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
  net::HttpClient client_;
};

net::Handler Answers(const std::string& text) {
  return [text](const net::HttpRequest&, const Writer& writer) {
    writer->Send(net::TextResponse(
        200, R"({"text":")" + text + R"(","usage":{"prompt_tokens":5,"completion_tokens":2}})",
        "application/json"));
  };
}

std::string Event(const std::string& text) {
  return R"(data: {"choices":[{"index":0,"delta":{"content":")" + text + "\"}}]}\n\n";
}

// --- The good way --------------------------------------------------------------------------------

TEST_F(GatewayTest, RelaysAndMeters) {
  const auto engine = Engine(Answers("hi"));
  Serve({engine->endpoint()});
  const auto response = Chat();
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find("hi"), std::string::npos);
  EXPECT_FALSE(net::FindHeader(response.headers, "X-Request-Id").empty());
  const auto metrics = Metrics();
  EXPECT_NE(metrics.find(R"(redline_gateway_completion_tokens_total{model="m"} 2)"),
            std::string::npos)
      << metrics;
  EXPECT_TRUE(WaitFor([&] { return NothingIsInFlight(); }));
}

// What engines may share between requests is decided by the key alone.
TEST_F(GatewayTest, TellsTheEngineWhoseRequestItIs) {
  const auto engine = Engine([](const net::HttpRequest& request, const Writer& writer) {
    writer->Send(net::TextResponse(
        200, std::string(net::FindHeader(request.headers, "X-Redline-Tenant")), "text/plain"));
  });
  Serve({engine->endpoint()});
  for (const auto& [key, tenant] : {std::pair{kKey, "admin"}, std::pair{kInferenceKey, "app"}}) {
    auto request = Request("POST", kChat, R"({"model":"m"})", key);
    request.headers.emplace_back("X-Redline-Tenant", "somebody else");
    EXPECT_EQ(Fetch(request).body, tenant);
  }
}

TEST_F(GatewayTest, EngineErrorsPassUnchanged) {
  const auto engine = Engine([](auto, auto writer) {
    auto response = net::ErrorResponse(InvalidArgument("temperature is odd", "temperature"));
    response.headers.emplace_back("Retry-After", "7");
    writer->Send(std::move(response));
  });
  Serve({engine->endpoint()});
  const auto response = Chat(R"({"model":"m","temperature":9})");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json::parse(response.body)["error"]["param"], "temperature");
  EXPECT_EQ(net::FindHeader(response.headers, "Retry-After"), "7");
  EXPECT_EQ(engine->num_requests(), 1);
}

TEST_F(GatewayTest, StreamsAreMeteredAndTheUsageChunkIsTheClientsChoice) {
  json seen;
  const auto engine = Engine([&](const net::HttpRequest& request, const Writer& writer) {
    seen = json::parse(request.body);
    writer->StartStream(200, {{"Content-Type", "text/event-stream"}});
    writer->Write(Event("a"));
    writer->Write(
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":1}}\n\n");
    writer->Write("data: [DONE]\n\n");
    writer->End();
  });
  Serve({engine->endpoint()});
  EXPECT_EQ(Chat(R"({"model":"m","stream":true,"temperature":0.1})").body,
            Event("a") + "data: [DONE]\n\n");
  EXPECT_EQ(seen["stream_options"]["include_usage"], true);
  EXPECT_EQ(seen["temperature"], 0.1);
  const auto asked =
      Chat(R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})").body;
  EXPECT_NE(asked.find("prompt_tokens"), std::string::npos);
  EXPECT_NE(Metrics().find(R"(redline_gateway_prompt_tokens_total{model="m"} 8)"),
            std::string::npos);
}

TEST_F(GatewayTest, EventsArriveAsTheyAreWritten) {
  Kept kept;
  const auto engine = Engine(kept.Handler());
  Serve({engine->endpoint()});
  RawClient client = SendChat(R"({"model":"m","stream":true})");
  const Writer writer = kept.Wait(1)[0];
  writer->StartStream(200, {{"Content-Type", "text/event-stream"}});
  for (int index = 0; index < 5; ++index) {
    writer->Write(Event("token" + std::to_string(index)));
    EXPECT_NE(client.ReadUntil("token" + std::to_string(index)).find("token"), std::string::npos);
  }
  writer->End();
  EXPECT_NE(client.ReadUntil("0\r\n\r\n").find("0\r\n\r\n"), std::string::npos);
}

TEST_F(GatewayTest, RequestsSpreadOverInstances) {
  Kept first_kept;
  Kept second_kept;
  const auto first = Engine(first_kept.Handler());
  const auto second = Engine(second_kept.Handler());
  Serve({first->endpoint(), second->endpoint()});
  std::vector<RawClient> clients;
  for (int index = 0; index < 10; ++index) clients.push_back(SendChat(R"({"model":"m"})"));
  EXPECT_TRUE(WaitFor([&] { return first_kept.Count() == 5 && second_kept.Count() == 5; }));
}

// --- Keys and paths ------------------------------------------------------------------------------

TEST_F(GatewayTest, RoutesByTable) {
  const auto engine = Engine(Answers("hi"));
  Serve({engine->endpoint()});
  const std::string chat = R"({"model":"m"})";
  const struct {
    std::string method, path, body, key;
    int status;
  } cases[] = {
      {"GET", "/health", "", "", 200},
      {"HEAD", "/health", "", "", 200},
      {"GET", "/v1/models", "", kKey, 200},
      {"GET", "/v1/models", "", kInferenceKey, 200},
      {"GET", "/v1/models", "", "wrong", 401},
      {"GET", "/v1/models", "", "", 401},
      {"GET", "/v1/models/m", "", kKey, 200},
      {"GET", "/v1/models/x", "", kKey, 404},
      {"GET", "/v1/models/m", "", "wrong", 401},
      {"GET", "/metrics", "", "wrong", 401},
      {"GET", "/metrics", "", kInferenceKey, 403},
      {"POST", kChat, chat, "wrong", 401},
      {"POST", kChat, chat, "", 401},
      {"POST", kChat, chat, kInferenceKey, 200},
      {"POST", kChat, R"({"model":"x"})", kKey, 404},
      {"POST", kChat, "{", kKey, 400},
      {"POST", kChat, "[]", kKey, 400},
      {"POST", "//v1/chat/completions", chat, "wrong", 401},
      {"POST", "/v1/x/../chat/%63ompletions", chat, "wrong", 401},
      {"POST", "/v1/x/../chat/%63ompletions", chat, kKey, 200},
      {"POST", "/V1/chat/completions", chat, kKey, 405},
      {"POST", "/v1/chat/completions/", chat, kKey, 404},
      {"POST", "/v1/embeddings", "{}", kKey, 404},
      {"GET", "/v1/secrets", "", kKey, 404},
      {"DELETE", "/v1/models", "", kKey, 405},
      {"OPTIONS", kChat, "", kKey, 405},
      {"GET", "/internal/v1/snapshot", "", kKey, 404},
      {"GET", "/internal", "", kKey, 404},
      {"GET", "//internal/v1/snapshot", "", kKey, 404},
      {"GET", "/%69nternal/v1/snapshot", "", kKey, 404},
      {"GET", "/api/v1/../../internal/v1/snapshot", "", kKey, 404},
      {"POST", "/internal/v1/workers", "{}", kKey, 404},
      {"GET", "/api/v1/deployments", "", kKey, 503},  // the server is away
      {"GET", "/", "", "", 503},
  };
  for (const auto& test_case : cases) {
    const auto response =
        Fetch(Request(test_case.method, test_case.path, test_case.body, test_case.key));
    EXPECT_EQ(response.status, test_case.status)
        << test_case.method << " " << test_case.path << ": " << response.body;
  }
}

TEST_F(GatewayTest, OnlyTheBearerHeaderIsAnIdentity) {
  const auto engine = Engine(Answers("hi"));
  Serve({engine->endpoint()});
  const std::string key = kKey;
  const struct {
    std::string header, query;
    int status;
  } cases[] = {
      {"Authorization: Bearer " + key, "", 200},
      {"authorization: bearer " + key, "", 200},
      {"Authorization: Basic " + key, "", 401},
      {"Authorization: " + key, "", 401},
      {"Authorization: Bearer", "", 401},
      {"x-api-key: " + key, "", 401},
      {"Cookie: key=" + key, "", 401},
      {"X-Forwarded-For: 127.0.0.1", "?key=" + key, 401},
      {"X-Real-IP: 127.0.0.1", "?api_key=" + key, 401},
      {"Authorization: Bearer x' OR '1'='1", "", 401},
      {"Authorization: Bearer " + Sha256Hex(key), "", 401},
  };
  for (const auto& test_case : cases) {
    RawClient client(server_->port());
    client.Send(net::GetRequest("/v1/models" + test_case.query, test_case.header + "\r\n"));
    EXPECT_EQ(client.ReadResponse().status, test_case.status) << test_case.header;
  }
}

TEST_F(GatewayTest, ForeignPagesAreRefused) {
  Serve({});
  RawClient client(server_->port());
  client.Send("GET /health HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().status, 403);
  client.Send(net::GetRequest("/health", "Origin: http://evil.example\r\n"));
  EXPECT_EQ(client.ReadResponse().status, 403);
}

TEST_F(GatewayTest, ModelsAreListedWithWhatIsServed) {
  Serve({});
  const json list = json::parse(Fetch(Request("GET", "/v1/models")).body);
  EXPECT_EQ(list["data"][0]["id"], "m");
  const auto unknown = Chat(R"({"model":"gpt"})");
  EXPECT_EQ(unknown.status, 404);
  const json error = json::parse(unknown.body)["error"];
  EXPECT_EQ(error["code"], "model_not_found");
  EXPECT_NE(error["message"].get<std::string>().find("served: m"), std::string::npos);
}

TEST_F(GatewayTest, AVirtualModelIsListedAsOne) {
  const std::string snapshot =
      R"({"revision":1,"keys":[{"id":"k","sha256":")" + Sha256Hex(kKey) +
      R"(","scopes":["inference"]}],"models":[{"name":"a","instances":[]},)"
      R"({"name":"b","virtual":true,"instances":[]}]})";
  ASSERT_TRUE(snapshots_.Replace(snapshot).ok());
  const json list = json::parse(Fetch(Request("GET", "/v1/models")).body);
  EXPECT_FALSE(list["data"][0].contains("virtual"));
  EXPECT_EQ(list["data"][1]["virtual"], true);
}

// --- Engines that fail ---------------------------------------------------------------------------

TEST_F(GatewayTest, AnotherInstanceTakesOverWhileNothingWasSent) {
  const auto engine = Engine(Answers("second"));
  Serve({"unix:" + (folder_ / "gone.sock").string(), engine->endpoint()});
  for (int attempt = 0; attempt < 4; ++attempt) EXPECT_EQ(Chat().status, 200);
}

TEST_F(GatewayTest, AKilledReplicaCostsNoRequestThatHadNoByte) {
  Kept kept;
  const auto dying = Engine(kept.Handler());
  const auto living = Engine(Answers("ok"));
  Serve({dying->endpoint(), living->endpoint()});
  std::vector<RawClient> clients;
  for (int index = 0; index < 40; ++index) clients.push_back(SendChat(R"({"model":"m"})"));
  kept.Wait(1);
  dying->Kill();
  for (RawClient& client : clients) EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(GatewayTest, ARequestThatKillsEnginesIsSentTwiceAtMost) {
  const auto dies = [](auto, const Writer& writer) { writer->Abort(); };
  const auto first = Engine(dies);
  const auto second = Engine(dies);
  const auto third = Engine(dies);
  const auto fourth = Engine(dies);
  Serve({first->endpoint(), second->endpoint(), third->endpoint(), fourth->endpoint()});
  const auto response = Chat();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(first->num_requests() + second->num_requests() + third->num_requests() +
                fourth->num_requests(),
            2);
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

TEST_F(GatewayTest, StreamsOfAKilledEngineEndWithAnErrorEventAndNoDone) {
  Kept kept;
  const auto engine = Engine(kept.Handler());
  Serve({engine->endpoint()});
  std::vector<RawClient> clients;
  for (int index = 0; index < 8; ++index)
    clients.push_back(SendChat(R"({"model":"m","stream":true})"));
  for (const Writer& writer : kept.Wait(8)) {
    writer->StartStream(200, {{"Content-Type", "text/event-stream"}});
    writer->Write(Event("partial") + "data: {\"cho");  // cut in the middle of an event
  }
  for (RawClient& client : clients) client.ReadUntil("partial");
  const MonotonicTime start = MonotonicNow();
  engine->Kill();
  for (RawClient& client : clients) {
    const std::string rest = client.ReadAll();
    const size_t data = rest.find("data: {\"error\":");
    ASSERT_NE(data, std::string::npos) << rest;
    const json event = json::parse(rest.substr(data + 6, rest.find("\n\n", data) - data - 6));
    EXPECT_EQ(event["error"]["type"], "server_error");
    EXPECT_EQ(event["error"]["code"], "engine_unavailable");
    EXPECT_EQ(rest.find("[DONE]"), std::string::npos);
    EXPECT_EQ(rest.find("\"cho"), std::string::npos);
    EXPECT_EQ(rest.find("\r\n0\r\n"), std::string::npos);
    EXPECT_TRUE(client.WaitForClose());
  }
  EXPECT_LT(SecondsSince(start), 20);
}

// --- Clients that leave or read slowly -----------------------------------------------------------

TEST_F(GatewayTest, ClientsThatLeaveCancelTheEnginesWork) {
  Kept kept;
  const auto engine = Engine(kept.Handler());
  Serve({engine->endpoint()});
  for (const char* body : {R"({"model":"m"})", R"({"model":"m","stream":true})"}) {
    std::vector<RawClient> clients;
    const size_t before = kept.Count();
    const int closed_before = kept.num_closed;
    for (int index = 0; index < 32; ++index) clients.push_back(SendChat(body));
    for (const Writer& writer : kept.Wait(before + 32)) {
      if (before == 0) break;  // the whole answers never begin
      writer->StartStream(200, {{"Content-Type", "text/event-stream"}});
      writer->Write(Event("x"));
    }
    clients.clear();
    EXPECT_TRUE(WaitFor([&] { return kept.num_closed == closed_before + 32; })) << body;
  }
  EXPECT_TRUE(WaitFor([&] { return NothingIsInFlight(); }));
  EXPECT_TRUE(WaitFor([&] { return Metrics().find("code=\"499\"") != std::string::npos; }));
}

TEST_F(GatewayTest, ASlowReaderHoldsItsEngineBackNotTheGateway) {
  Kept kept;
  const auto engine = Engine(kept.Handler());
  Serve({engine->endpoint()});
  RawClient client = SendChat(R"({"model":"m","stream":true})");
  const Writer writer = kept.Wait(1)[0];
  writer->StartStream(200, {{"Content-Type", "text/event-stream"}});
  const std::string event = Event(std::string(16 << 10, 'x'));
  size_t total = 0;
  for (; total < (32u << 20); total += event.size()) ASSERT_TRUE(writer->Write(event));
  // What the gateway and the kernel took is bounded; the rest waits at the engine.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_GT(writer->BufferedBytes(), 8u << 20);
  EXPECT_EQ(Fetch(Request("GET", "/health")).status, 200);
  writer->Write("data: [DONE]\n\n");
  writer->End();
  const auto response = client.ReadResponse();
  EXPECT_EQ(response.body.size(), total + 14);
}

TEST_F(GatewayTest, AbortEndsEveryAnswer) {
  Kept kept;
  const auto engine = Engine(kept.Handler());
  Serve({engine->endpoint()});
  RawClient whole = SendChat(R"({"model":"m"})");
  RawClient stream = SendChat(R"({"model":"m","stream":true})");
  for (const Writer& writer : kept.Wait(2)) {
    // One of the two is whole: a stream begun there is a stream to its client as well.
    writer->StartStream(200, {{"Content-Type", "text/event-stream"}});
    writer->Write(Event("begun"));
  }
  stream.ReadUntil("begun");
  whole.ReadUntil("begun");
  routes_.AbortAll();
  EXPECT_NE(stream.ReadAll().find("engine_unavailable"), std::string::npos);
  EXPECT_NE(whole.ReadAll().find("engine_unavailable"), std::string::npos);
  EXPECT_TRUE(WaitFor([&] { return kept.num_closed == 2; }));
}

// --- The server ----------------------------------------------------------------------------------

TEST_F(GatewayTest, PassesTheRestToTheServer) {
  const FakePeer server(
      folder_ / "server.sock", "GET", "/{rest...}",
      [](const net::HttpRequest& request, const Writer& writer) {
        auto response = net::TextResponse(200, request.target + "|" + request.path, "text/html");
        response.headers.emplace_back("X-Host", net::FindHeader(request.headers, "Host"));
        response.headers.emplace_back("X-Key", net::FindHeader(request.headers, "Authorization"));
        writer->Send(std::move(response));
      });
  Serve({});
  const struct {
    std::string sent, received;
  } cases[] = {
      {"/", "/|/"},
      {"/assets/app.js?v=1&w=%20", "/assets/app.js?v=1&w=%20|/assets/app.js"},
      {"//api/v1/status", "/api/v1/status|/api/v1/status"},
      {"/a%20b%3Fc", "/a%20b%3Fc|/a b?c"},
      // Decoded once here: the server must not come to another path by decoding again.
      {"/%2569nternal/v1/snapshot", "/%2569nternal/v1/snapshot|/%69nternal/v1/snapshot"},
      {"/x%252e%252e/y", "/x%252e%252e/y|/x%2e%2e/y"},
  };
  for (const auto& test_case : cases) {
    const auto response = Fetch(Request("GET", test_case.sent));
    EXPECT_EQ(response.body, test_case.received) << test_case.sent;
    EXPECT_EQ(net::FindHeader(response.headers, "X-Key"), std::string("Bearer ") + kKey);
    EXPECT_EQ(net::FindHeader(response.headers, "X-Host"),
              "127.0.0.1:" + std::to_string(server_->port()));
  }
  const auto head = Fetch(Request("HEAD", "/x"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(net::FindHeader(head.headers, "Content-Length"), "5");
}

TEST_F(GatewayTest, ServersStreamsAndCutsShow) {
  Kept kept;
  const FakePeer server(folder_ / "server.sock", "GET", "/{rest...}", kept.Handler());
  RawClient first(server_->port());
  first.Send(net::GetRequest("/api/v1/follow"));
  kept.Wait(1)[0]->StartStream(200, {});
  kept.Wait(1)[0]->Write("line 1\n");
  EXPECT_NE(first.ReadUntil("line 1").find("line 1"), std::string::npos);
  kept.Wait(1)[0]->Abort();
  EXPECT_EQ(first.ReadAll().find("0\r\n\r\n"), std::string::npos);
  RawClient second(server_->port());
  second.Send(net::GetRequest("/api/v1/follow"));
  kept.Wait(2);
  second.Close();
  EXPECT_TRUE(WaitFor([&] { return kept.num_closed == 1; }));
}

TEST_F(GatewayTest, SnapshotsAreFollowedAndOutliveTheServer) {
  const auto engine = Engine(Answers("hi"));
  std::mutex mutex;
  std::string current = SnapshotJson({});
  const auto answer = [&](const net::HttpRequest& request, const Writer& writer) {
    const std::lock_guard lock(mutex);
    // A long poll is cut short here: the watcher asks again.
    EXPECT_EQ(request.path, "/internal/v1/snapshot");
    writer->Send(net::TextResponse(200, current, "application/json"));
  };
  auto server = std::make_unique<FakePeer>(folder_ / "server.sock", "GET", "/{rest...}", answer);
  const SnapshotWatcher watcher(folder_ / "server.sock", snapshots_);
  EXPECT_TRUE(WaitFor([&] { return snapshots_.Current()->revision == 1; }));
  EXPECT_EQ(Chat().status, 503);
  {
    const std::lock_guard lock(mutex);
    current = SnapshotJson({engine->endpoint()});
  }
  EXPECT_TRUE(WaitFor([&] { return snapshots_.Current()->revision == 2; }));
  EXPECT_EQ(Chat().status, 200);
  server->Kill();
  EXPECT_EQ(Chat().status, 200);
  EXPECT_TRUE(WaitFor([&] {  // memory comes before the disk
    SnapshotHolder restarted(folder_ / "snapshot.json");
    restarted.LoadFromDisk();
    return restarted.Current()->revision == 2;
  }));
  server.reset();
  {
    const std::lock_guard lock(mutex);
    current = R"({"revision":"broken"})";
  }
  server = std::make_unique<FakePeer>(folder_ / "server.sock", "GET", "/{rest...}", answer);
  EXPECT_TRUE(WaitFor([&] { return server->num_requests() > 0; }));
  EXPECT_EQ(Chat().status, 200);  // a bad snapshot changes nothing
}

}  // namespace
}  // namespace redline::platform
