// The determinism contract over a real model: what a request answers, to the bit, depends on
// nothing but the request.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "engine/runtime/engine.h"
#include "engine/runtime/testing_runs.h"

namespace redline::engine {
namespace {

constexpr char kModelPath[] = "../shared/data/models/stories260K-f32.gguf";

struct RunResult {
  std::vector<TestingAnswer> answers;
  bool preempted = false;
};

class EngineModelTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kModelPath)) {
      GTEST_SKIP() << "NO DATA: " << kModelPath << " is missing; bit-exactness was NOT tested";
    }
    auto checkpoint = OpenCheckpoint(kModelPath);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
    checkpoint_ = std::move(checkpoint).value();
  }

  // Submits all requests at once and waits for all of them.
  RunResult Run(const EngineOptions& options, const std::vector<TestingRequest>& requests) {
    RunResult result;
    TestingRun run(requests.size());
    MetricsRegistry metrics;
    auto engine = Engine::Start(*checkpoint_, options, metrics);
    EXPECT_TRUE(engine.ok()) << engine.status().ToString();
    if (!engine.ok()) return result;
    run.Submit(*engine.value(), requests);
    EXPECT_TRUE(run.Wait());
    result.answers = run.answers();
    const EngineOptions& resolved = engine.value()->resolved().options;
    EXPECT_EQ(engine.value()->FreePages(), resolved.max_total_tokens / resolved.page_size);
    result.preempted =
        metrics.Render().find("redline_engine_preemptions_total 0\n") == std::string::npos;
    return result;
  }

  // Prompts of very different lengths, greedy and drawn, from `seed`.
  std::vector<TestingRequest> MakeRequests(uint32_t seed, int count) const {
    std::mt19937 random(seed);
    const auto draw = [&](int64_t low, int64_t high) {
      return std::uniform_int_distribution<int64_t>(low, high)(random);
    };
    std::vector<TestingRequest> requests;
    for (int index = 0; index < count; ++index) {
      TestingRequest request;
      request.prompt = {1};
      const int64_t length = draw(0, 1) == 0 ? draw(1, 12) : draw(30, 150);
      while (static_cast<int64_t>(request.prompt.size()) < length) {
        request.prompt.push_back(
            static_cast<TokenId>(draw(3, checkpoint_->config().vocab_size - 1)));
      }
      request.sampling = {.temperature = index % 2 == 0 ? 0.0 : 0.8,
                          .top_p = index % 4 == 1 ? 0.9 : 1.0,
                          .seed = static_cast<uint64_t>(index),
                          .max_tokens = draw(8, 48),
                          .ignore_eos = true,
                          .num_logprobs = 4};
      requests.push_back(std::move(request));
    }
    return requests;
  }

  std::unique_ptr<Checkpoint> checkpoint_;
};

TEST_F(EngineModelTest, TellsTheStory) {
  TestingRequest request;
  request.prompt = {1, 403, 407, 261, 378};  // "Once upon a time"
  request.sampling = {.temperature = 0, .max_tokens = 40};
  const RunResult result = Run({}, {request});
  auto tokenizer = checkpoint_->MakeTokenizer();
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  ASSERT_NE(tokenizer.value(), nullptr);
  auto text = tokenizer.value()->Decode(result.answers[0].tokens, /*skip_special=*/true);
  ASSERT_TRUE(text.ok());
  EXPECT_NE(text->find("there was a little girl named Lily. She loved to play outside in the park"),
            std::string::npos)
      << *text;
}

TEST_F(EngineModelTest, AloneEqualsBatchEqualsChunksEqualsPreempted) {
  const std::vector<std::pair<std::string, EngineOptions>> loads = {
      {"batch of 8, chunks of 512", {.max_running_requests = 8, .chunked_prefill_size = 512}},
      {"batch of 8, chunks of 64", {.max_running_requests = 8, .chunked_prefill_size = 64}},
      {"batch of 8, chunks of 16", {.max_running_requests = 8, .chunked_prefill_size = 16}},
      {"one thread", {.max_running_requests = 8, .num_threads = 1}},
      {"preempted", {.max_running_requests = 8, .max_total_tokens = 208, .page_size = 4}},
      {"preempted, chunks of 16",
       {.max_running_requests = 8, .max_total_tokens = 208, .chunked_prefill_size = 16}},
  };
  for (const uint32_t seed : {1u, 2u}) {
    const std::vector<TestingRequest> requests = MakeRequests(seed, 12);
    const RunResult alone = Run({.max_running_requests = 1}, requests);
    for (const auto& [name, options] : loads) {
      const RunResult together = Run(options, requests);
      EXPECT_EQ(together.preempted, name.starts_with("preempted")) << name;
      for (size_t index = 0; index < requests.size(); ++index) {
        EXPECT_TRUE(together.answers[index] == alone.answers[index])
            << name << ", seed " << seed << ", request " << index;
      }
    }
  }
}

TEST_F(EngineModelTest, SaysNeedAndHaveWhenThePoolDoesNotFit) {
  MetricsRegistry metrics;
  const auto engine = Engine::Start(*checkpoint_, {.max_total_tokens = int64_t{1} << 36}, metrics);
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.status().code(), Code::kResourceExhausted);
  EXPECT_NE(engine.status().message().find("need"), std::string::npos);
  EXPECT_NE(engine.status().message().find("have"), std::string::npos);
}

}  // namespace
}  // namespace redline::engine
