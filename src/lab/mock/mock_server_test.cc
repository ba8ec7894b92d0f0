#include "lab/mock/mock_server.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "net/raw_client_for_test.h"
#include "net/sse.h"

namespace redline::lab {
namespace {

using net::PostRequest;
using net::RawClient;
using nlohmann::json;

std::unique_ptr<MockServer> StartMock(const MockOptions& options) {
  auto server = MockServer::Start(options);
  EXPECT_TRUE(server.ok()) << server.status().ToString();
  return std::move(*server);
}

// The events' data of a streamed answer.
std::vector<std::string> EventsOf(const std::string& body) {
  std::vector<std::string> events;
  net::SseReader reader([&](const net::ServerSentEvent& event) {
    events.push_back(event.data);
    return true;
  });
  EXPECT_TRUE(reader.Feed(body).ok());
  return events;
}

TEST(MockServerTest, AnswersEveryRoute) {
  const auto server = StartMock({});
  RawClient client(server->port());  // one connection for all: it is kept
  struct Case {
    std::string request;
    int status;
    std::string part;
  };
  const Case cases[] = {
      {net::GetRequest("/health"), 200, "ok"},
      {net::GetRequest("/v1/models"), 200, R"("id":"mock")"},
      {net::GetRequest("/nothing"), 404, "error"},
      {PostRequest("/v1/chat/completions", R"({"messages":[{"content":"a b"}],"max_tokens":3})"),
       200, R"("content":" the model answers")"},
      {PostRequest("/v1/completions", R"({"prompt":[1,2],"max_tokens":1})"), 200,
       R"("prompt_tokens":2,"completion_tokens":1)"},
      {PostRequest("/generate", R"({"text":"a","sampling_params":{"max_new_tokens":2}})"), 200,
       R"("completion_tokens":2)"}};
  for (const Case& each : cases) {
    client.Send(each.request);
    const net::HttpResponse response = client.ReadResponse();
    EXPECT_EQ(response.status, each.status) << each.request;
    EXPECT_NE(response.body.find(each.part), std::string::npos) << response.body;
    EXPECT_TRUE(json::accept(response.body)) << response.body;
  }
}

TEST(MockServerTest, StreamsTokensUsageAndDone) {
  const auto server = StartMock({});
  RawClient client(server->port());
  for (const std::string path : {"/v1/chat/completions", "/v1/completions", "/generate"}) {
    client.Send(PostRequest(path, R"({"stream":true,"max_tokens":100,"prompt":"a b",)"
                                  R"("stream_options":{"include_usage":true}})"));
    const std::vector<std::string> events = EventsOf(client.ReadResponse().body);
    ASSERT_EQ(events.size(), path == "/generate" ? 102 : 103) << path;
    EXPECT_EQ(events.back(), "[DONE]");
    for (size_t i = 0; i + 1 < events.size(); ++i) EXPECT_TRUE(json::accept(events[i]));
    EXPECT_NE(events[events.size() - 2].find(R"("completion_tokens":100)"), std::string::npos);
  }
}

TEST(MockServerTest, SendsTokensWhenTheyAreDueAndTellsWhen) {
  const auto server = StartMock({.ttft_ms = 20, .itl_ms = 5, .keep_truth = true});
  RawClient client(server->port());
  client.Send(PostRequest("/v1/completions", R"({"stream":true,"max_tokens":4,"prompt":"a"})",
                          "X-Request-Id: 77\r\n"));
  client.ReadResponse();
  server->Stop();
  const std::vector<TruthEvent> truth = server->TakeTruth();
  ASSERT_EQ(truth.size(), 5);
  for (size_t i = 0; i < truth.size(); ++i) {
    EXPECT_EQ(truth[i].request, 77);
    EXPECT_EQ(truth[i].event, static_cast<int32_t>(i) - 1);
    const int64_t due_ns = i == 0 ? 0 : 20'000'000 + 5'000'000 * (static_cast<int64_t>(i) - 1);
    EXPECT_GE(truth[i].time_ns, truth[0].time_ns + due_ns);
  }
}

TEST(MockServerTest, FailsAsTold) {
  struct Case {
    Fault fault;
    std::string part;  // of what comes before the connection ends
    bool complete;     // the answer's last chunk comes
  };
  const Case cases[] = {{Fault::kCloseEarly, "data: {", false},
                        {Fault::kReset, "", false},
                        {Fault::kGarbage, "unfinis\n\n", false},
                        {Fault::kBadUtf8, "\xE4\xBD\"", false},
                        {Fault::kSplitUtf8, "\xBD\xA0\"", true},
                        {Fault::kUsageLie, R"("completion_tokens":15)", true},
                        {Fault::kBadHttp, "220 mock", false},
                        {Fault::kError500, "HTTP/1.1 500", false},
                        {Fault::kError429, "HTTP/1.1 429", false},
                        {Fault::kStall, "data: {", false},
                        {Fault::kNoDone, "\r\n0\r\n\r\n", true}};
  for (const Case& each : cases) {
    const auto server = StartMock({.fault = each.fault});
    RawClient client(server->port());
    client.Send(PostRequest("/v1/completions", R"({"stream":true,"max_tokens":4,"prompt":"a",)"
                                               R"("stream_options":{"include_usage":true}})"));
    const std::string answer = client.ReadAll(0.2);
    EXPECT_NE(answer.find(each.part), std::string::npos) << NameOf(each.fault) << answer;
    EXPECT_EQ(answer.ends_with("0\r\n\r\n"), each.complete) << NameOf(each.fault) << answer;
  }
}

TEST(MockServerTest, FaultsHitTheirShare) {
  const auto server = StartMock({.fault = Fault::kError500, .fault_share = 0.25});
  RawClient client(server->port());
  int failures = 0;
  for (int i = 0; i < 400; ++i) {
    client.Send(PostRequest("/v1/completions", R"({"max_tokens":1})"));
    failures += client.ReadResponse().status == 500;
  }
  EXPECT_NEAR(failures, 100, 10);
}

TEST(MockServerTest, SurvivesPipelinedRequests) {
  const auto server = StartMock({});
  RawClient client(server->port());
  std::string requests;
  for (int i = 0; i < 20000; ++i) requests += net::GetRequest("/health");
  client.Send(requests + "GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_NE(client.ReadAll().find("404"), std::string::npos);
}

TEST(MockServerTest, OptionsAreChecked) {
  EXPECT_EQ(MockServer::Start({.host = "localhost"}).status().param(), "host");
  EXPECT_EQ(MockServer::Start({.num_threads = 0}).status().param(), "threads");
  EXPECT_EQ(MockServer::Start({.ttft_ms = -1}).status().param(), "ttft-ms");
  EXPECT_EQ(MockServer::Start({.fault_share = 2}).status().param(), "fault-share");
  EXPECT_FALSE(FaultFromName("stal").ok());
  for (const std::string& name : FaultNames()) EXPECT_EQ(NameOf(*FaultFromName(name)), name);
  const auto server = StartMock({});
  EXPECT_FALSE(MockServer::Start({.port = server->port()}).ok());
}

}  // namespace
}  // namespace redline::lab
