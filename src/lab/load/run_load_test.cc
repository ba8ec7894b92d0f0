#include "lab/load/run_load.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/files.h"
#include "lab/load/raw_samples.h"
#include "lab/load/request_writer.h"
#include "lab/load/uniform_plan.h"
#include "lab/mock/mock_server.h"
#include "net/http_server.h"

namespace redline::lab {
namespace {

constexpr int32_t kInputTokens = 5;
constexpr int32_t kOutputTokens = 6;

// Requests as a list.
class ListPlan : public UniformPlan {
 public:
  explicit ListPlan(std::vector<workload::PlannedRequest> requests)
      : UniformPlan(requests.size(), kInputTokens, kOutputTokens), requests_(std::move(requests)) {}
  workload::PlannedRequest At(size_t index) const override { return requests_[index]; }

 private:
  std::vector<workload::PlannedRequest> requests_;
};

class TextPrompts : public workload::PromptWriter {
  void AppendJson(const workload::RequestPlan&, size_t, std::string& json) const override {
    json += R"("five words of a \"prompt\"")";
  }
};

struct LoadSetup {
  explicit LoadSetup(const MockOptions& mock, size_t num_requests = 20)
      : plan(num_requests, kInputTokens, kOutputTokens), prompts(kInputTokens) {
    auto started = MockServer::Start(mock);
    EXPECT_TRUE(started.ok()) << started.status().ToString();
    server = std::move(*started);
    options.url = "http://127.0.0.1:" + std::to_string(server->port());
    options.api = Api::kCompletions;
    options.model = "mock";
    options.plan = &plan;
    options.prompts = &prompts;
    options.concurrency = 4;
    options.num_threads = 2;
    options.timeouts = {.connect_s = 2, .first_token_s = 60, .between_tokens_s = 60, .whole_s = 90};
  }

  LoadResult Run() {
    auto result = RunLoad(options);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? std::move(*result) : LoadResult{};
  }

  std::unique_ptr<MockServer> server;
  UniformPlan plan;
  UniformPrompts prompts;
  LoadOptions options;
};

uint64_t CountOf(const LoadResult& result, Outcome outcome) {
  return result.outcomes[static_cast<size_t>(outcome)];
}

TEST(RunLoadTest, SpeaksEveryApi) {
  const TextPrompts text;
  struct Case {
    Api api;
    bool stream;
    bool is_text;
  };
  for (const Case& each :
       {Case{Api::kChat, true, true}, Case{Api::kChat, false, true},
        Case{Api::kCompletions, true, false}, Case{Api::kCompletions, true, true},
        Case{Api::kCompletions, false, false}, Case{Api::kGenerate, true, false},
        Case{Api::kGenerate, true, true}, Case{Api::kGenerate, false, false}}) {
    LoadSetup setup({});
    setup.options.api = each.api;
    setup.options.stream = each.stream;
    setup.options.check_input_tokens = true;
    if (each.is_text) setup.options.prompts = &text;
    const LoadResult result = setup.Run();
    EXPECT_EQ(CountOf(result, Outcome::kOk), 20)
        << result.first_errors[6] << result.first_errors[8];
    ASSERT_EQ(result.records.size(), 20);
    double tokens = 0;
    for (const SecondTotals& second : result.seconds) tokens += second.output_tokens;
    EXPECT_DOUBLE_EQ(tokens, 20 * kOutputTokens);
    for (const RequestRecord& record : result.records) {
      EXPECT_EQ(record.usage_input, kInputTokens);
      EXPECT_EQ(record.usage_output, kOutputTokens);
      EXPECT_EQ(record.num_events, each.stream ? kOutputTokens : 1);
      EXPECT_LE(record.intended_ns, record.sent_ns);
      EXPECT_LE(record.sent_ns, record.head_ns);
      EXPECT_LE(record.head_ns, record.first_token_ns);
      EXPECT_LE(record.first_token_ns, record.last_token_ns);
      EXPECT_LE(record.last_token_ns, record.end_ns);
    }
  }
}

TEST(RunLoadTest, EveryFaultIsCountedByItsKind) {
  struct Case {
    Fault fault;
    bool stream;
    Outcome outcome;
  };
  const Case cases[] = {{Fault::kStall, true, Outcome::kTimeout},
                        {Fault::kStall, false, Outcome::kTimeout},
                        {Fault::kReset, true, Outcome::kReset},
                        {Fault::kReset, false, Outcome::kReset},
                        {Fault::kCloseEarly, true, Outcome::kReset},
                        {Fault::kCloseEarly, false, Outcome::kReset},
                        {Fault::kSplitUtf8, true, Outcome::kOk},
                        {Fault::kBadUtf8, true, Outcome::kBadEvent},
                        {Fault::kUsageLie, true, Outcome::kUsageMismatch},
                        {Fault::kUsageLie, false, Outcome::kUsageMismatch},
                        {Fault::kGarbage, true, Outcome::kBadEvent},
                        {Fault::kGarbage, false, Outcome::kBadEvent},
                        {Fault::kBadHttp, true, Outcome::kBadHttp},
                        {Fault::kError500, true, Outcome::kHttpError},
                        {Fault::kError429, false, Outcome::kHttpError},
                        {Fault::kLongLine, true, Outcome::kBadEvent},
                        {Fault::kNoDone, true, Outcome::kNoDone}};
  for (const Case& each : cases) {
    LoadSetup setup({.fault = each.fault, .fault_share = 0.5}, 40);
    setup.options.stream = each.stream;
    setup.options.concurrency = 40;
    setup.options.request_ids = true;  // the same ones fail in every run
    if (each.fault == Fault::kStall) {
      setup.options.timeouts.between_tokens_s = 0.5;
      if (!each.stream) setup.options.timeouts.whole_s = 0.5;
    }
    const LoadResult result = setup.Run();
    const uint64_t num_faulty = CountOf(result, each.outcome);
    if (each.outcome == Outcome::kOk) {
      EXPECT_EQ(num_faulty, 40) << NameOf(each.fault);
      continue;
    }
    EXPECT_NEAR(static_cast<double>(num_faulty), 20, 3) << NameOf(each.fault);
    EXPECT_EQ(CountOf(result, Outcome::kOk), 40 - num_faulty) << NameOf(each.fault);
    EXPECT_FALSE(result.first_errors[static_cast<size_t>(each.outcome)].empty());
  }
}

TEST(RunLoadTest, ClosedLoopKeepsItsPlacesFull) {
  LoadSetup setup({.ttft_ms = 10, .itl_ms = 2}, 24);
  const LoadResult result = setup.Run();
  EXPECT_EQ(CountOf(result, Outcome::kOk), 24);
  std::vector<std::pair<int64_t, int>> edges;
  for (const RequestRecord& record : result.records) {
    edges.emplace_back(record.sent_ns, 1);
    edges.emplace_back(record.end_ns, -1);
  }
  std::sort(edges.begin(), edges.end());
  int in_flight = 0;
  int most = 0;
  for (const auto& edge : edges) most = std::max(most, in_flight += edge.second);
  EXPECT_EQ(most, 4);
}

TEST(RunLoadTest, OpenLoopSendsOnTimeThoughTheServerIsSlow) {
  LoadSetup setup({.ttft_ms = 300}, 0);
  const UniformPlan plan(100, kInputTokens, 1, 500);  // all are sent before the first answer
  setup.options.plan = &plan;
  setup.options.concurrency = 0;
  const LoadResult result = setup.Run();
  EXPECT_EQ(CountOf(result, Outcome::kOk), 100);
  std::vector<double> late_ms;
  for (const RequestRecord& record : result.records) {
    EXPECT_EQ(record.intended_ns, std::llround(record.index / 500.0 * 1e9));
    EXPECT_GE(record.sent_ns, record.intended_ns);
    late_ms.push_back(static_cast<double>(record.sent_ns - record.intended_ns) * 1e-6);
  }
  std::sort(late_ms.begin(), late_ms.end());
  EXPECT_LT(late_ms[50], 100);
}

TEST(RunLoadTest, ACapMakesRequestsLateNotForgotten) {
  LoadSetup setup({.ttft_ms = 20}, 0);
  const UniformPlan plan(40, kInputTokens, 1, 10'000);
  setup.options.plan = &plan;
  setup.options.concurrency = 2;
  const LoadResult result = setup.Run();
  EXPECT_EQ(CountOf(result, Outcome::kOk), 40);
  const RequestRecord& last = result.records.back();
  EXPECT_EQ(last.intended_ns, 3'900'000);
  EXPECT_GT(last.sent_ns - last.intended_ns, 15 * 20'000'000);
}

TEST(RunLoadTest, ASessionsTurnsFollowEachOther) {
  std::vector<workload::PlannedRequest> requests;
  for (uint32_t turn = 0; turn < 3; ++turn)
    for (uint32_t session = 0; session < 4; ++session)
      requests.push_back({.index = static_cast<uint32_t>(requests.size()),
                          .input_tokens = kInputTokens,
                          .output_tokens = kOutputTokens,
                          .session = session,
                          .turn = turn,
                          .think_s = 0.05f});
  for (const bool is_open_loop : {false, true}) {
    for (workload::PlannedRequest& request : requests)
      request.intended_s = is_open_loop && request.turn == 0 ? request.session * 0.01 : -1;
    LoadSetup setup({.fault = Fault::kError500, .fault_share = 0.3});
    const ListPlan plan(requests);
    setup.options.plan = &plan;
    setup.options.concurrency = 3;
    const LoadResult result = setup.Run();
    EXPECT_EQ(CountOf(result, Outcome::kNotSent), 0);
    for (size_t index = 4; index < requests.size(); ++index) {
      const RequestRecord& before = result.records[index - 4];
      const RequestRecord& record = result.records[index];
      EXPECT_EQ(record.intended_ns, before.end_ns + 50'000'000);
      EXPECT_GE(record.sent_ns, record.intended_ns);
    }
  }
}

TEST(RunLoadTest, AbortsAsTheWorkloadSays) {
  LoadSetup setup({.ttft_ms = 2, .itl_ms = 5}, 40);
  setup.options.concurrency = 20;
  setup.options.abort_share = 0.5;
  setup.options.abort_after_tokens = 2;
  const LoadResult result = setup.Run();
  EXPECT_NEAR(static_cast<double>(CountOf(result, Outcome::kAborted)), 20, 3);
  EXPECT_EQ(CountOf(result, Outcome::kOk) + CountOf(result, Outcome::kAborted), 40);
  for (const RequestRecord& record : result.records)
    if (record.outcome == Outcome::kAborted) {
      EXPECT_LT(record.num_events, kOutputTokens);
    }
}

TEST(RunLoadTest, EndsAfterItsTimeAndWhenStopped) {
  LoadSetup setup({.ttft_ms = 40}, 1000);
  setup.options.max_seconds = 0.2;
  LoadResult result = setup.Run();
  EXPECT_GT(CountOf(result, Outcome::kOk), 0);
  EXPECT_GT(CountOf(result, Outcome::kNotSent), 500);
  EXPECT_EQ(CountOf(result, Outcome::kAborted), 0);

  std::atomic<bool> stop = true;
  setup.options.max_seconds = 0;
  setup.options.stop = &stop;
  result = setup.Run();
  EXPECT_EQ(CountOf(result, Outcome::kNotSent) + CountOf(result, Outcome::kAborted), 1000);
}

// Answers one request on each connection, does not say that it will end, and ends it: as
// llama.cpp's server does after a stream. Connections may wait for their request.
class OneAnswerServer {
 public:
  OneAnswerServer() : listener_(net::ListenTcp("127.0.0.1", 0).value()) {
    fcntl(listener_, F_SETFL, fcntl(listener_, F_GETFL) & ~O_NONBLOCK);
    accepting_ = std::thread([this] {
      for (int fd = Accept(); fd >= 0; fd = Accept()) {
        answering_.emplace_back([fd] {
          Answer(fd);
          close(fd);
        });
      }
    });
  }
  ~OneAnswerServer() {
    shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    for (std::thread& thread : answering_) thread.join();
    close(listener_);
  }

  int port() const {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

 private:
  int Accept() const { return accept(listener_, nullptr, nullptr); }

  static void Answer(int fd) {
    char request[4096];
    if (recv(fd, request, sizeof(request), 0) <= 0) return;
    std::string events;
    for (int i = 0; i < kOutputTokens; ++i) {
      const bool is_last = i + 1 == kOutputTokens;
      events += std::string(R"(data: {"choices":[{"index":0,"text":"a","finish_reason":)") +
                (is_last ? "\"length\"" : "null") + "}]}\n\n";
    }
    events += "data: [DONE]\n\n";
    const std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
        std::to_string(events.size()) + "\r\n\r\n" + events;
    send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
  }

  const int listener_;
  std::vector<std::thread> answering_;
  std::thread accepting_;
};

TEST(RunLoadTest, AConnectionThatEndsBetweenRequestsIsNoFault) {
  LoadSetup setup({}, 12);
  const OneAnswerServer server;
  setup.options.url = "http://127.0.0.1:" + std::to_string(server.port());
  setup.options.concurrency = 1;
  setup.options.num_threads = 1;
  setup.options.timeouts = {
      .connect_s = 2, .first_token_s = 5, .between_tokens_s = 5, .whole_s = 10};
  const LoadResult result = setup.Run();
  EXPECT_EQ(CountOf(result, Outcome::kOk), 12);
}

TEST(RunLoadTest, UnreachableServersAreCounted) {
  LoadSetup setup({}, 8);
  setup.server->Stop();
  LoadResult result = setup.Run();
  EXPECT_EQ(CountOf(result, Outcome::kConnectFailed), 8);
  EXPECT_NE(result.first_errors[1].find("refused"), std::string::npos) << result.first_errors[1];
  setup.options.url = "unix:/nonexistent/redline.sock";
  result = setup.Run();
  EXPECT_EQ(CountOf(result, Outcome::kConnectFailed), 8);
}

TEST(RunLoadTest, ShowsProgress) {
  LoadSetup setup({.ttft_ms = 50}, 16);
  setup.options.progress_seconds = 0.05;
  std::vector<LoadProgress> seen;
  setup.options.on_progress = [&](const LoadProgress& progress) { seen.push_back(progress); };
  setup.Run();
  ASSERT_GT(seen.size(), 2);
  for (size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].total, 16);
    EXPECT_EQ(seen[i].sent, seen[i].finished + seen[i].in_flight);
    if (i > 0) {
      EXPECT_GE(seen[i].finished, seen[i - 1].finished);
    }
  }
}

TEST(RunLoadTest, SecondsAddUp) {
  LoadSetup setup({.ttft_ms = 100, .itl_ms = 150}, 12);
  const LoadResult result = setup.Run();
  double tokens = 0;
  int64_t finished = 0;
  for (const SecondTotals& second : result.seconds) {
    tokens += second.output_tokens;
    finished += second.finished;
    EXPECT_LE(second.in_flight, 4);
  }
  EXPECT_GE(result.seconds.size(), 2);
  EXPECT_DOUBLE_EQ(tokens, 12 * kOutputTokens);
  EXPECT_EQ(finished, 12);
  EXPECT_EQ(result.seconds.front().in_flight, 4);
  EXPECT_EQ(result.seconds.back().in_flight, 0);
  EXPECT_EQ(result.gaps_ns.count(), 12 * (kOutputTokens - 1));
  EXPECT_EQ(result.ttft_ns.count(), 12);
  EXPECT_NEAR(result.gaps_ns.Quantile(0.5), 150e6, 50e6);
  EXPECT_EQ(result.health.threads.size(), 2);
  EXPECT_GT(result.health.cpu_s, 0);
}

TEST(RunLoadTest, RawSamplesHoldEveryEvent) {
  const std::string path = testing::TempDir() + "/redline_raw_samples_" + std::to_string(getpid());
  LoadSetup setup({}, 30);
  setup.options.raw_samples_path = path;
  const LoadResult result = setup.Run();
  std::array<int, 4> counts{};
  ASSERT_TRUE(ReadRawSamples(path, [&](const RawSample& sample) {
                counts[sample.kind] += sample.count;
                if (sample.kind == RawSample::kSent) {
                  EXPECT_EQ(sample.time_ns, result.records[sample.index].sent_ns);
                }
              }).ok());
  EXPECT_EQ(counts, (std::array<int, 4>{30, 30, 30 * kOutputTokens, 30}));
  const auto bytes = ReadFile(path);
  ASSERT_TRUE(WriteFileAtomic(path, bytes->substr(0, bytes->size() - 3)).ok());
  EXPECT_EQ(ReadRawSamples(path, [](const RawSample&) {}).code(), Code::kDataLoss);
  unlink(path.c_str());
}

TEST(RunLoadTest, OptionsAreChecked) {
  LoadSetup setup({});
  const auto param_of = [&](auto&& change) {
    LoadOptions options = setup.options;
    change(options);
    const auto result = RunLoad(options);
    return result.ok() ? "ok" : result.status().param();
  };
  EXPECT_EQ(param_of([](LoadOptions& o) { o.concurrency = 0; }), "concurrency");
  EXPECT_EQ(param_of([](LoadOptions& o) { o.concurrency = 100'000'000; }), "concurrency");
  EXPECT_EQ(param_of([](LoadOptions& o) { o.num_threads = -1; }), "threads");
  EXPECT_EQ(param_of([](LoadOptions& o) { o.url = "https://x"; }), "url");
  EXPECT_EQ(param_of([](LoadOptions& o) { o.url = "nonsense"; }), "url");
  EXPECT_EQ(param_of([](LoadOptions& o) { o.api = Api::kChat; }), "api");  // prompts are ids
  EXPECT_EQ(param_of([](LoadOptions& o) { o.extra_json = "[]"; }), "extra_json");
  EXPECT_EQ(param_of([](LoadOptions& o) { o.extra_json = R"({"stream":false})"; }), "extra_json");
  EXPECT_EQ(param_of([](LoadOptions& o) { o.headers = {{"A", "b\r\nC: d"}}; }), "headers");
  EXPECT_EQ(param_of([](LoadOptions& o) { o.abort_share = 2; }), "abort_share");
  EXPECT_EQ(param_of([](LoadOptions& o) {
              o.abort_share = 0.5;
              o.stream = false;
            }),
            "abort_share");
  EXPECT_EQ(param_of([](LoadOptions& o) { o.timeouts.whole_s = 0; }), "whole timeout");
}

TEST(RequestWriterTest, WritesTheRequest) {
  const UniformPlan plan(1, 2, 7);
  const UniformPrompts ids(2);
  LoadOptions options;
  options.plan = &plan;
  options.prompts = &ids;
  options.model = "a \"model\"";
  options.headers = {{"Authorization", "Bearer key"}};
  options.extra_json = R"({"temperature":0.5,"top_p":0.9})";
  options.request_ids = true;
  for (const Api api : {Api::kCompletions, Api::kGenerate}) {
    options.api = api;
    const auto writer = RequestWriter::Make(options, "host:80", "/base");
    ASSERT_TRUE(writer.ok()) << writer.status().ToString();
    std::string out;
    writer->Write(0, 7, out);
    const bool is_generate = api == Api::kGenerate;
    EXPECT_TRUE(out.starts_with(is_generate ? "POST /base/generate HTTP/1.1\r\nHost: host:80\r\n"
                                            : "POST /base/v1/completions HTTP/1.1\r\n"))
        << out;
    EXPECT_NE(out.find("\r\nAuthorization: Bearer key\r\n"), std::string::npos);
    EXPECT_NE(out.find("\r\nX-Request-Id: 0\r\n"), std::string::npos);
    const std::string body = out.substr(out.find("\r\n\r\n") + 4);
    EXPECT_NE(out.find(" " + std::to_string(body.size()) + "\r\n"), std::string::npos) << out;
    const auto json = nlohmann::json::parse(body);
    const auto expected =
        is_generate
            ? nlohmann::json::parse(R"({"stream":true,"top_p":0.9,"input_ids":[1001,1002],
                "sampling_params":{"temperature":0.5,"ignore_eos":true,"max_new_tokens":7}})")
            : nlohmann::json::parse(R"({"stream":true,"stream_options":{"include_usage":true},
                "model":"a \"model\"","temperature":0.5,"top_p":0.9,"ignore_eos":true,
                "max_tokens":7,"prompt":[1001,1002]})");
    EXPECT_EQ(json, expected);
  }
}

}  // namespace
}  // namespace redline::lab
