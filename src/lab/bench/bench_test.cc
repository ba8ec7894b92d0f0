#include "lab/bench/bench.h"

#include <gtest/gtest.h>

#include "lab/bench/interleaved.h"
#include "lab/mock/mock_server.h"
#include "lab/stats/comparison.h"

namespace redline::lab {
namespace {

spec::WorkloadSpec SmallWorkload() {
  spec::WorkloadSpec workload;
  workload.name = "small";
  workload.input_tokens.mean = 20;
  workload.output_tokens.mean = 8;
  workload.num_requests = 24;
  workload.concurrency = 4;
  return workload;
}

class BenchTest : public testing::Test {
 protected:
  void StartServer(MockOptions options = {}) {
    auto server = MockServer::Start(options);
    ASSERT_TRUE(server.ok()) << server.status().ToString();
    server_ = std::move(server).value();
  }
  BenchOptions Options() const {
    BenchOptions options;
    options.url = "http://127.0.0.1:" + std::to_string(server_->port());
    options.workload = SmallWorkload();
    options.num_threads = 1;
    options.self_check = false;
    options.warm_up = false;
    return options;
  }
  std::unique_ptr<MockServer> server_;
};

TEST_F(BenchTest, MeasuresEveryRepeat) {
  StartServer();
  BenchOptions options = Options();
  options.num_repeats = 3;
  options.warm_up = true;
  std::vector<std::string> phases;
  options.on_progress = [&](const BenchProgress& progress) {
    if (phases.empty() || phases.back() != progress.phase) phases.push_back(progress.phase);
  };
  const auto measurement = RunBench(options);
  ASSERT_TRUE(measurement.ok()) << measurement.status().ToString();
  ASSERT_EQ(measurement->repeats.size(), 3u);
  for (const RunResult& run : measurement->repeats) {
    EXPECT_EQ(run.outcomes.size(), 1u);
    EXPECT_EQ(run.outcomes[0].outcome, "ok");
    EXPECT_EQ(run.outcomes[0].count, 24);
  }
  EXPECT_EQ(measurement->api, "completions");
  EXPECT_EQ(measurement->environment.at("prompts"), "token ids");
  EXPECT_EQ(measurement->summary.distributions.at("ttft_ms").count, 72);
  EXPECT_GT(measurement->summary.values.at("output_tps"), 0);
  EXPECT_EQ(phases.back(), "run 3 of 3");
}

TEST_F(BenchTest, TextHasTheExactNumberOfTokens) {
  StartServer();
  for (const Api api : {Api::kChat, Api::kCompletions, Api::kGenerate}) {
    BenchOptions options = Options();
    options.api = api;
    options.prompts = PromptForm::kText;
    const auto measurement = RunBench(options);
    ASSERT_TRUE(measurement.ok()) << measurement.status().ToString();
    // The server's own count is compared with the plan's for every answer.
    EXPECT_EQ(measurement->repeats[0].outcomes[0].outcome, "ok");
    EXPECT_EQ(measurement->environment.at("prompts"), "text");
  }
}

TEST_F(BenchTest, SameSeedSameRequests) {
  StartServer();
  BenchOptions options = Options();
  const auto one = RunBench(options), two = RunBench(options);
  options.seed = 2;
  const auto other = RunBench(options);
  EXPECT_EQ(one->dataset_hash, two->dataset_hash);
  EXPECT_NE(one->dataset_hash, other->dataset_hash);
}

TEST_F(BenchTest, FaultsAreCountedAndMakeTheRunInvalid) {
  MockOptions faulty;
  faulty.fault = Fault::kReset;
  faulty.fault_share = 0.5;
  StartServer(faulty);
  BenchOptions options = Options();
  options.api = Api::kCompletions;
  options.prompts = PromptForm::kIds;
  options.vocab_size = 32000;
  options.model = "mock";
  const auto measurement = RunBench(options);
  ASSERT_TRUE(measurement.ok()) << measurement.status().ToString();
  EXPECT_FALSE(measurement->valid);
  EXPECT_FALSE(measurement->invalid_reasons.empty());
}

TEST_F(BenchTest, NobodyThere) {
  StartServer();
  BenchOptions options = Options();
  server_.reset();
  const auto measurement = RunBench(options);
  EXPECT_EQ(measurement.status().code(), Code::kUnavailable);
}

TEST_F(BenchTest, QuestionsHaveADeadlineAndEndWhenTold) {
  StartServer({.fault = Fault::kStall});
  BenchOptions options = Options();
  options.model = "mock";
  options.timeouts.whole_s = 0.3;
  const Status late = RunBench(options).status();
  EXPECT_EQ(late.code(), Code::kDeadlineExceeded) << late.ToString();
  EXPECT_NE(late.message().find("--timeout"), std::string::npos) << late.message();
  const std::atomic<bool> stop = true;
  options.timeouts.whole_s = 3600;
  options.stop = &stop;
  EXPECT_EQ(RunBench(options).status().code(), Code::kCancelled);
}

TEST_F(BenchTest, QuestionsSurviveFaultsThatPass) {
  StartServer({.fault = Fault::kError429, .fault_share = 0.3});
  const auto measurement = RunBench(Options());
  ASSERT_TRUE(measurement.ok()) << measurement.status().ToString();
  EXPECT_EQ(measurement->api, "completions");
}

TEST_F(BenchTest, StoppedBeforeTheFirstRunIsInvalid) {
  StartServer();
  BenchOptions options = Options();
  std::atomic<bool> stop = false;
  options.stop = &stop;
  const auto bench = Bench::Prepare(options);
  ASSERT_TRUE(bench.ok()) << bench.status().ToString();
  stop = true;
  EXPECT_FALSE((*bench)->Measured().valid);
}

TEST_F(BenchTest, ABurstHasNoScheduleToBeLateFor) {
  StartServer();
  BenchOptions options = Options();
  options.workload.concurrency = 0;
  options.workload.arrivals.process = spec::ArrivalSpec::Process::kBurst;
  const auto measurement = RunBench(options);
  ASSERT_TRUE(measurement.ok()) << measurement.status().ToString();
  EXPECT_LT(measurement->repeats[0].health.schedule_lag_p99_ms, 0);
}

TEST_F(BenchTest, UnknownModelNamesTheServedOnes) {
  StartServer();
  BenchOptions options = Options();
  options.model = "nope";
  const Status status = RunBench(options).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.param(), "model");
  EXPECT_NE(status.message().find("served: "), std::string::npos) << status.message();
}

TEST_F(BenchTest, StopEndsIt) {
  MockOptions slow;
  slow.ttft_ms = 50;
  StartServer(slow);
  BenchOptions options = Options();
  options.workload.num_requests = 100'000;
  std::atomic<bool> stop = false;
  options.stop = &stop;
  options.on_progress = [&](const BenchProgress& progress) {
    if (progress.load != nullptr && progress.load->finished > 0) stop = true;
  };
  const auto measurement = RunBench(options);
  ASSERT_TRUE(measurement.ok());
  EXPECT_EQ(measurement->notes.back(), "stopped before its end");
}

TEST_F(BenchTest, PairRunsTheSameRequests) {
  StartServer();
  BenchOptions options = Options();
  options.num_repeats = 2;
  BenchOptions other = options;
  other.url = "http://localhost:" + std::to_string(server_->port());
  const auto pair = RunInterleaved(options, other);
  ASSERT_TRUE(pair.ok()) << pair.status().ToString();
  EXPECT_EQ(pair->a.dataset_hash, pair->b.dataset_hash);
  EXPECT_TRUE(Compare(pair->a, pair->b).interleaved);
  // A B, B A.
  EXPECT_LE(pair->a.repeats[0].started_at_ms, pair->b.repeats[0].started_at_ms);
  EXPECT_LE(pair->b.repeats[1].started_at_ms, pair->a.repeats[1].started_at_ms);
}

TEST_F(BenchTest, AServerAgainstItselfIsNotSentTheSamePrompts) {
  StartServer();
  const BenchOptions options = Options();
  const auto pair = RunInterleaved(options, options);
  ASSERT_TRUE(pair.ok()) << pair.status().ToString();
  EXPECT_NE(pair->a.dataset_hash, pair->b.dataset_hash);
  EXPECT_EQ(Compare(pair->a, pair->b).figures.front().reason.find("datasets"), std::string::npos);
}

}  // namespace
}  // namespace redline::lab
