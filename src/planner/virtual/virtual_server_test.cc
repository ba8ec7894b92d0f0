#include "planner/virtual/virtual_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "backends/backend.h"
#include "backends/engine_metrics.h"
#include "net/raw_client_for_test.h"
#include "net/sse.h"
#include "planner/virtual/setup_for_test.h"

namespace redline::planner {
namespace {

using net::GetRequest;
using net::PostRequest;
using nlohmann::json;
using ::testing::HasSubstr;

// A thousand times as fast as real.
class VirtualServerTest : public testing::Test {
 protected:
  void StartServer(std::string engine, std::vector<std::string> arguments) {
    setup_ = SetupForTest(std::move(engine), std::move(arguments));
    driver_ = std::make_unique<VirtualDriver>(1000);
    auto started = VirtualServer::Start(
        *setup_, *driver_,
        {.io_threads = net::MakeIoThreads(1), .log = [this](const std::string& line) {
           const std::lock_guard lock(mutex_);
           log_ += line + "\n";
         }});
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::move(started).value();
  }
  void TearDown() override {
    if (driver_) driver_->Stop();
    server_.reset();
  }
  net::HttpResponse Ask(const std::string& request) {
    net::RawClient client(server_->port());
    client.Send(request);
    return client.ReadResponse();
  }
  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  std::unique_ptr<const VirtualSetup> setup_;
  std::unique_ptr<VirtualDriver> driver_;
  std::unique_ptr<VirtualServer> server_;

 private:
  std::mutex mutex_;
  std::string log_;
};

std::vector<std::string> EventsOf(const std::string& body) {
  std::vector<std::string> events;
  net::SseReader reader([&](const net::ServerSentEvent& event) {
    events.push_back(event.data);
    return true;
  });
  EXPECT_TRUE(reader.Feed(body).ok());
  return events;
}

TEST_F(VirtualServerTest, AnswersWholeAndInStreams) {
  StartServer("sglang@0.5.6.post2", {"--tp-size", "8"});
  const net::HttpResponse whole = Ask(PostRequest(
      "/v1/completions", R"({"model":"any","prompt":[1,2,3],"max_tokens":9,"ignore_eos":true})"));
  ASSERT_EQ(whole.status, 200) << whole.body;
  EXPECT_EQ(json::parse(whole.body)["usage"]["completion_tokens"], 9);
  EXPECT_EQ(json::parse(whole.body)["usage"]["prompt_tokens"], 3);
  EXPECT_EQ(json::parse(whole.body)["choices"][0]["finish_reason"], "length");
  std::string text;
  const net::HttpResponse stream = Ask(
      PostRequest("/v1/chat/completions",
                  R"({"model":"any","messages":[{"role":"user","content":"hello"}],"max_tokens":9,)"
                  R"("stream":true,"stream_options":{"include_usage":true}})"));
  const std::vector<std::string> events = EventsOf(stream.body);
  ASSERT_EQ(events.size(), 12) << "a token each, the end, the usage, [DONE]";
  for (size_t index = 0; index < 9; ++index)
    text += json::parse(events[index])["choices"][0]["delta"]["content"];
  EXPECT_EQ(text, json::parse(whole.body)["choices"][0]["text"]);
  EXPECT_EQ(json::parse(events[10])["usage"]["completion_tokens"], 9);
  EXPECT_EQ(events[11], "[DONE]");
}

TEST_F(VirtualServerTest, SaysWhatIsWrong) {
  StartServer("vllm@0.13.0", {"--tensor-parallel-size", "8", "--max-model-len", "4096",
                              "--served-model-name", "m", "--api-key", "secret"});
  struct Case {
    const char* body;
    int status;
    const char* param;
  };
  const Case cases[] = {{R"({"model":"other","prompt":"a"})", 404, "model"},
                        {R"({"model":"m","prompt":"a","n":2})", 400, "n"},
                        {R"({"model":"m","prompt":"a","stop":["x"]})", 400, "stop"},
                        {R"({"model":"m","prompt":[129280]})", 400, "prompt"},
                        {R"({"model":"m","prompt":"a","max_tokens":4096})", 400, "max_tokens"},
                        {R"({"model":"m","prompt":"a","max_tokens":"x"})", 400, "max_tokens"}};
  for (const Case& each : cases) {
    const net::HttpResponse response =
        Ask(PostRequest("/v1/completions", each.body, "Authorization: Bearer secret\r\n"));
    EXPECT_EQ(response.status, each.status) << response.body;
    EXPECT_EQ(json::parse(response.body)["error"]["param"], each.param) << response.body;
  }
  EXPECT_EQ(Ask(PostRequest("/v1/completions", cases[0].body)).status, 401);
  EXPECT_EQ(Ask(GetRequest("/v1/models")).status, 401);
  EXPECT_EQ(Ask(GetRequest("/health")).status, 200);
  EXPECT_EQ(Ask(GetRequest("/server_info")).status, 404) << "SGLang's";
}

TEST_F(VirtualServerTest, SglangIsReadAsSglang) {
  StartServer("sglang@0.5.6.post2",
              {"--tp-size", "8", "--enable-metrics", "--served-model-name", "m"});
  const backends::Backend* backend = backends::FindBackend("sglang").value();
  for (const char* marker : {"server_args=ServerArgs(", "Load weight begin", "Memory pool end",
                             "The server is fired up and ready to roll!"})
    EXPECT_THAT(log(), HasSubstr(marker));
  const net::HttpResponse info = Ask(GetRequest("/server_info"));
  const auto effective = backend->ReadBack({.answers = {{"/server_info", info.body}}});
  EXPECT_EQ(effective.at("tp_size"), spec::ParameterValue(int64_t{8}));
  EXPECT_EQ(effective.at("virtual"), spec::ParameterValue(true));
  EXPECT_EQ(effective.at("token_capacity"), spec::ParameterValue(setup_->plan.policy.kv_tokens));
  Ask(PostRequest("/v1/completions", R"({"model":"m","prompt":[1,2,3],"max_tokens":9})"));
  EXPECT_THAT(log(), HasSubstr("Prefill batch, #new-seq: 1, #new-token: 3,"));
  const auto metrics =
      backends::MapMetrics(backend->facts().metrics, Ask(GetRequest("/metrics")).body);
  EXPECT_EQ(metrics.size(), backend->facts().metrics.size());
  EXPECT_EQ(metrics.at("prompt_tokens_total"), spec::ParameterValue(3.0));
  EXPECT_EQ(metrics.at("generation_tokens_total"), spec::ParameterValue(9.0));
  EXPECT_EQ(metrics.at("num_running_requests"), spec::ParameterValue(0.0));
}

TEST_F(VirtualServerTest, VllmIsReadAsVllm) {
  StartServer("vllm@0.13.0", {"--tensor-parallel-size", "8"});
  const backends::Backend* backend = backends::FindBackend("vllm").value();
  EXPECT_THAT(log(), HasSubstr("Application startup complete."));
  Ask(PostRequest("/v1/completions",
                  R"({"model":"DeepSeek-V3.2","prompt":[1,2,3],"max_tokens":9})"));
  const std::string text = Ask(GetRequest("/metrics")).body;
  const auto metrics = backends::MapMetrics(backend->facts().metrics, text);
  EXPECT_EQ(metrics.size(), backend->facts().metrics.size());
  EXPECT_EQ(metrics.at("generation_tokens_total"), spec::ParameterValue(9.0));
  const auto effective = backend->ReadBack({.answers = {{"/metrics", text}}, .start_log = log()});
  EXPECT_EQ(effective.at("kv_cache_size_tokens"),
            spec::ParameterValue(setup_->plan.policy.kv_tokens));
  EXPECT_EQ(effective.at("version"), spec::ParameterValue(std::string("0.13.0")));
}

TEST_F(VirtualServerTest, AClientThatLeavesIsForgotten) {
  StartServer("sglang@0.5.6.post2", {"--tp-size", "8", "--enable-metrics"});
  net::RawClient client(server_->port());
  client.Send(PostRequest("/v1/completions",
                          R"({"model":"m","prompt":"a","max_tokens":100000,"stream":true})"));
  client.ReadUntil("data: ");
  client.Close();
  EXPECT_TRUE(net::WaitFor([this] {
    return Ask(GetRequest("/metrics"))
               .body.find(
                   "sglang:num_aborted_requests_total{model_name="
                   "\"DeepSeek-V3.2\"} 1") != std::string::npos;
  }));
}

TEST_F(VirtualServerTest, MetricsOnlyWhereTheyAreEnabled) {
  StartServer("sglang@0.5.6.post2", {"--tp-size", "8"});
  EXPECT_EQ(Ask(GetRequest("/metrics")).status, 404);
}

TEST(VirtualSetupTest, RefusesAsTheEngineDoes) {
  const auto setup = MakeVirtualSetup({.engine = "sglang@0.5.6.post2",
                                       .model = "DeepSeek-V3.2",
                                       .hardware = "H200x8",
                                       .arguments = {"--tp-sze", "8"}});
  EXPECT_THAT(setup.status().message(), HasSubstr("unrecognized arguments: --tp-sze"));
}

}  // namespace
}  // namespace redline::planner
