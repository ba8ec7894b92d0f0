// Plans over the API: what may be asked, answers and streams, mistakes, the bound, cancelling.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "net/sse.h"
#include "planner/predict/configure.h"
#include "platform/server/plan_runner.h"
#include "platform/server/server_test_util.h"

namespace redline::platform {
namespace {

using nlohmann::json;

constexpr char kPath[] = "/api/v1/plan";

json SmallPlan(const json& more = json::object()) {
  json body = {{"model", "Qwen/Qwen3-4B"},
               {"hardware", "h200"},
               {"workload", "medium"},
               {"requests", 20},
               {"engines", {"vllm"}}};
  body.update(more);
  return body;
}

// Takes seconds on any machine.
json LongPlan() {
  return {{"model", "deepseek-ai/DeepSeek-V3.2"}, {"hardware", "h200x8"}, {"stream", true}};
}

class PlansTest : public ServerTest {
 protected:
  net::ClientRequest RequestOf(const json& body) const {
    net::ClientRequest request;
    request.method = "POST";
    request.url = "unix:" + (dir_ / "data" / "run" / "server.sock").string() + ":" + kPath;
    request.headers = {{"Authorization", std::string("Bearer ") + kKey}};
    request.body = body.dump();
    return request;
  }
};

// A plan that is being made, until it is let go.
class OpenPlan {
 public:
  OpenPlan(net::HttpClient& client, net::ClientRequest request) {
    net::ExchangeCallbacks callbacks;
    callbacks.on_head = [this](int status, const net::Headers&) { Set([&] { status_ = status; }); };
    callbacks.on_body = [this](std::string_view bytes) { Set([&] { text_ += bytes; }); };
    callbacks.on_done = [this](const Status&) { Set([&] { is_done_ = true; }); };
    exchange_ = client.Start(std::move(request), std::move(callbacks));
  }
  ~OpenPlan() { Leave(); }
  int WaitForHead() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return status_ != 0 || is_done_; });
    return status_;
  }
  std::string WaitForEnd() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_done_; });
    return text_;
  }
  void Leave() {
    exchange_->Cancel();
    WaitForEnd();
  }

 private:
  template <typename Change>
  void Set(const Change& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  std::mutex mutex_;  // of the four below
  std::condition_variable changed_;
  int status_ = 0;
  std::string text_;
  bool is_done_ = false;
  std::shared_ptr<net::Exchange> exchange_;  // shared with the client
};

TEST_F(PlansTest, TheChoicesCanBePlanned) {
  const json choices = Get(kPath).json;
  EXPECT_GT(choices["models"].size(), 20u);
  for (const json& model : choices["models"])
    EXPECT_TRUE(planner::FindModel(model["name"].get<std::string>()).ok()) << model;
  EXPECT_EQ(choices["models"][0]["library"], "deepseek-r1-0528");
  EXPECT_EQ(choices["workloads"].size(), 6u);
  EXPECT_EQ(choices["engines"].size(), 3u);
  EXPECT_EQ(choices["goals"], json({"throughput", "latency", "cost"}));
  for (const json& hardware : choices["hardware"]) {
    EXPECT_GT(hardware["memory_bytes"], int64_t{1} << 34);
    const Reply reply = Call("POST", kPath, SmallPlan({{"hardware", hardware["name"]}}));
    EXPECT_EQ(reply.status, 200) << hardware << reply.text;
  }
}

TEST_F(PlansTest, AnAnswerIsTheDocumentOfTheCommandLine) {
  const Reply reply = Call("POST", kPath, SmallPlan({{"slo_ttft_ms", 60000}}));
  ASSERT_EQ(reply.status, 200) << reply.text;
  for (const char* key : {"model", "hardware", "workload", "goal", "winner", "ranking", "frontier",
                          "cost_frontier", "explanation", "search"})
    EXPECT_TRUE(reply.json.contains(key)) << key;
  EXPECT_EQ(reply.json["winner"]["command"][2], "Qwen/Qwen3-4B");
  EXPECT_EQ(reply.json["workload"]["num_requests"], 20);
  EXPECT_EQ(reply.json["workload"]["slo_classes"][0]["ttft_ms"], 60000);
}

TEST_F(PlansTest, AConfigurationOrAModelOfOnesOwn) {
  const Reply given = Call("POST", kPath, SmallPlan({{"arguments", {"--max-num-seqs", "64"}}}));
  ASSERT_EQ(given.status, 200) << given.text;
  EXPECT_EQ(given.json["configuration"]["arguments"], json({"--max-num-seqs", "64"}));
  EXPECT_FALSE(given.json.contains("ranking"));
  const json config = planner::FindModel("Qwen3-4B").value().config;
  const Reply own = Call("POST", kPath, SmallPlan({{"model", "mine"}, {"config", config}}));
  ASSERT_EQ(own.status, 200) << own.text;
  EXPECT_EQ(own.json["config"], "mine");
}

TEST_F(PlansTest, AStreamTellsHowFarItIs) {
  OpenPlan plan(client_, RequestOf(SmallPlan({{"stream", true}})));
  EXPECT_EQ(plan.WaitForHead(), 200);
  std::vector<net::ServerSentEvent> events;
  net::SseReader reader([&](const net::ServerSentEvent& event) {
    events.push_back(event);
    return true;
  });
  ASSERT_TRUE(reader.Feed(plan.WaitForEnd()).ok());
  ASSERT_GE(events.size(), 2u);
  EXPECT_EQ(events.front().type, "progress");
  const json progress = json::parse(events.front().data);
  EXPECT_EQ(progress["phase"], "resolve");
  EXPECT_GE(progress["fraction"], 0);
  EXPECT_EQ(events.back().type, "plan");
  EXPECT_TRUE(json::parse(events.back().data).contains("winner"));
}

TEST_F(PlansTest, MistakesNameTheirField) {
  const json qwen = planner::FindModel("Qwen3-4B").value().config;
  const auto config = [&](const char* field, const json& value) {
    json changed = qwen;
    changed[field] = value;
    return SmallPlan({{"config", changed}});
  };
  const struct {
    json body;
    const char* param;
    const char* in_message;
  } cases[] = {
      {json::object(), "model", "missing"},
      {{{"model", "Qwen3-4B"}}, "hardware", "h200x8"},
      {SmallPlan({{"model", "nonesuch"}}), "model", "nonesuch"},
      {SmallPlan({{"model", "/etc/passwd"}}), "model", "config.json"},
      {SmallPlan({{"model", std::string(5000, 'x')}}), "model", "5000 bytes"},
      {SmallPlan({{"model", 5}}), "model", "string"},
      {SmallPlan({{"hardware", "h2000x8"}}), "hardware", "h2000x8"},
      {SmallPlan({{"hardware", "h200x0"}}), "hardware", "h200x0"},
      {SmallPlan({{"hardware", "2xh200x8"}}), "hardware", "one node"},
      {SmallPlan({{"hardware", "h200x99999999999999999999"}}), "hardware", "h200x9"},
      {SmallPlan({{"workload", "nonesuch"}}), "workload", "nonesuch"},
      {SmallPlan({{"workload", "/etc/passwd"}}), "workload", "passwd"},
      {SmallPlan({{"goal", "fun"}}), "goal", "throughput"},
      {SmallPlan({{"requests", 0}}), "requests", "from 1 to"},
      {SmallPlan({{"requests", 1e30}}), "requests", ""},
      {SmallPlan({{"requests", int64_t{1} << 60}}), "requests", "10000000"},
      {SmallPlan({{"concurrency", -1}}), "concurrency", "-1"},
      {SmallPlan({{"rate", 0}}), "rate", "from"},
      {SmallPlan({{"rate", 1}, {"concurrency", 1}}), "rate", "one of them"},
      {SmallPlan({{"slo_ttft_ms", -1}}), "slo_ttft_ms", "-1"},
      {SmallPlan({{"slo_tpot_ms", 1e300}}), "slo_tpot_ms", "1e+300"},
      {SmallPlan({{"slo_share", 7}}), "slo_share", "7"},
      {SmallPlan({{"price_per_gpu_hour", -2}}), "price_per_gpu_hour", "-2"},
      {SmallPlan({{"seed", -1}}), "seed", "-1"},
      {SmallPlan({{"slo_ttf_ms", 1}}), "slo_ttf_ms", "slo_ttft_ms"},
      {SmallPlan({{"engines", {"llama_cpp"}}}), "", "llama_cpp"},
      {SmallPlan({{"engines", {"vllm", "vllm"}}}), "engines", "twice"},
      {SmallPlan({{"engines", json::array()}, {"arguments", {"--x"}}}), "engines", "one engine"},
      {SmallPlan({{"environment", {{"A", "1"}}}}), "environment", "arguments"},
      {SmallPlan({{"arguments", {"--tensor-parallel-size", "16"}}}), "tensor_parallel_size", "16"},
      {SmallPlan({{"arguments", {"--max-num-sex", "3"}}}), "--max-num-sex", "--max-num-seqs"},
      {SmallPlan({{"hardware", "h200x8"}, {"arguments", {"--tensor-parallel-size", "3"}}}),
       "tensor_parallel_size", "divide"},
      {SmallPlan({{"model", "DeepSeek-V3.2"}}), "hardware", "does not fit"},
      {SmallPlan({{"config", 5}}), "config", "config.json"},
      {config("model_type", "nonesuch"), "config.model_type", "nonesuch"},
      {config("num_hidden_layers", 1e300), "config.num_hidden_layers", "num_hidden_layers"},
      {config("hidden_size", -4), "config.hidden_size", "hidden_size"},
  };
  for (const auto& test : cases) {
    for (const bool streams : {false, true}) {
      json body = test.body;
      if (streams) body["stream"] = true;
      const Reply reply = Call("POST", kPath, body);
      if (streams && reply.status == 200) {  // it was found out on the way
        EXPECT_NE(reply.text.find("event: error"), std::string::npos) << body;
        EXPECT_NE(reply.text.find(test.in_message), std::string::npos) << reply.text;
        continue;
      }
      EXPECT_EQ(reply.status, 400) << body << reply.text;
      const std::string param = reply.json["error"]["param"].is_string()
                                    ? reply.json["error"]["param"].get<std::string>()
                                    : "";
      if (*test.param != 0) {
        EXPECT_EQ(param, test.param) << reply.text;
      }
      EXPECT_NE(reply.text.find(test.in_message), std::string::npos) << reply.text;
    }
  }
}

TEST_F(PlansTest, AtMostTwoAtOnceAndTheServerAnswersMeanwhile) {
  OpenPlan first(client_, RequestOf(LongPlan()));
  OpenPlan second(client_, RequestOf(LongPlan()));
  EXPECT_EQ(first.WaitForHead(), 200);
  EXPECT_EQ(second.WaitForHead(), 200);
  const Reply third = Call("POST", kPath, SmallPlan());
  EXPECT_EQ(third.status, 429) << third.text;
  EXPECT_EQ(third.json["error"]["code"], "too_many_plans");
  EXPECT_NE(third.text.find("try again"), std::string::npos) << third.text;
  EXPECT_EQ(net::FindHeader(third.headers, "Retry-After"), "5");
  EXPECT_EQ(Get("/api/v1/deployments").status, 200);
  // A client that leaves makes room, long before its plan would be done.
  first.Leave();
  Reply reply = third;
  const MonotonicTime begin = MonotonicNow();
  while (reply.status == 429 && SecondsSince(begin) < 30) reply = Call("POST", kPath, SmallPlan());
  EXPECT_EQ(reply.status, 200) << reply.text;
  // The server stops, whatever is asked of it, and says so.
  StopServer();
  EXPECT_NE(second.WaitForEnd().find("event: error"), std::string::npos);
}

TEST(PlanRunnerTest, StoppedItTakesNoMore) {
  PlanRunner runner;
  runner.Stop();
  EXPECT_EQ(runner.Start([](const auto&) { return [] {}; }).code(), Code::kUnavailable);
}

}  // namespace
}  // namespace redline::platform
