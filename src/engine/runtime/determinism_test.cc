// The determinism contract as a property: over seeded random mixes of requests and random engine
// configurations, every answer - tokens, log-probs to the bit, how it ended - is the one the
// request gets alone, on an engine without a prefix cache. REDLINE_TEST_LONG=1 runs 10,000
// requests.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "engine/runtime/engine.h"
#include "engine/runtime/testing_runs.h"

namespace redline::engine {
namespace {

class Draws {
 public:
  explicit Draws(uint32_t seed) : random_(seed) {}
  int64_t Between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  bool OneIn(int64_t count) { return Between(1, count) == 1; }
  template <typename Value>
  Value OneOf(std::initializer_list<Value> values) {
    return values.begin()[Between(0, static_cast<int64_t>(values.size()) - 1)];
  }

 private:
  std::mt19937 random_;
};

std::vector<TokenId> DrawTokens(Draws& draws, int64_t count, int64_t vocab_size) {
  std::vector<TokenId> tokens;
  while (static_cast<int64_t>(tokens.size()) < count) {
    tokens.push_back(static_cast<TokenId>(draws.Between(3, vocab_size - 1)));
  }
  return tokens;
}

SamplingParams DrawSampling(Draws& draws, int64_t vocab_size) {
  SamplingParams params = {.temperature = draws.OneOf({0.0, 0.0, 0.7, 1.0, 1.5}),
                           .top_p = draws.OneOf({1.0, 0.9, 0.5}),
                           .top_k = draws.OneOf<int64_t>({-1, 5, 40}),
                           .min_p = draws.OneOf({0.0, 0.05}),
                           .seed = static_cast<uint64_t>(draws.Between(0, 1 << 30)),
                           .max_tokens = draws.Between(1, 24),
                           .ignore_eos = draws.OneIn(2),
                           .num_logprobs = static_cast<int>(draws.OneOf<int64_t>({-1, 0, 3}))};
  if (draws.OneIn(4)) params.presence_penalty = draws.OneOf({-1.0, 0.5, 2.0});
  if (draws.OneIn(4)) params.frequency_penalty = draws.OneOf({-0.5, 0.3, 1.5});
  if (draws.OneIn(4)) params.repetition_penalty = draws.OneOf({0.8, 1.2, 1.9});
  if (draws.OneIn(6)) params.min_tokens = draws.Between(1, 8);
  if (draws.OneIn(6)) {
    // With the second, the token comes again and again: what drafts are made of.
    params.logit_bias = {
        {static_cast<TokenId>(draws.Between(0, vocab_size - 1)), draws.OneOf({3.0f, 100.0f})},
        {static_cast<TokenId>(draws.Between(0, vocab_size - 1)), -100}};
  }
  if (draws.OneIn(4))
    params.stop_token_ids = {static_cast<TokenId>(draws.Between(0, vocab_size - 1))};
  return params;
}

// Half of the prompts begin like others do.
std::vector<TestingRequest> DrawRequests(uint32_t seed, int64_t count, int64_t vocab_size) {
  Draws draws(seed);
  std::vector<std::vector<TokenId>> stems;
  for (int stem = 0; stem < 4; ++stem) {
    stems.push_back(DrawTokens(draws, draws.Between(20, 90), vocab_size));
  }
  std::vector<TestingRequest> requests;
  for (int64_t index = 0; index < count; ++index) {
    TestingRequest request;
    if (draws.OneIn(2)) {
      request.prompt = stems[static_cast<size_t>(draws.Between(0, 3))];
      request.prompt.resize(
          static_cast<size_t>(draws.Between(1, static_cast<int64_t>(request.prompt.size()))));
    }
    const auto tail = DrawTokens(draws, draws.Between(1, 30), vocab_size);
    request.prompt.insert(request.prompt.end(), tail.begin(), tail.end());
    request.sampling = DrawSampling(draws, vocab_size);
    if (draws.OneIn(8)) request.num_prompt_logprobs = static_cast<int>(draws.Between(0, 2));
    if (draws.OneIn(8)) request.cache_salt = "tenant";
    requests.push_back(std::move(request));
  }
  return requests;
}

EngineOptions DrawOptions(uint32_t seed, const std::string& kv_cache_dtype) {
  Draws draws(seed);
  EngineOptions options = {.max_running_requests = draws.OneOf<int64_t>({2, 8, 16}),
                           .chunked_prefill_size = draws.Between(16, 128),
                           .context_length = 160,
                           .page_size = draws.OneOf<int64_t>({1, 2, 8, 16, 32}),
                           .num_threads = 2,
                           .dp_size = draws.Between(1, 2),
                           .schedule_policy = draws.OneOf<std::string>({"fcfs", "lpm"}),
                           .kv_cache_dtype = kv_cache_dtype,
                           .speculative_algorithm = draws.OneIn(3) ? "none" : "NGRAM",
                           .speculative_num_draft_tokens = draws.Between(1, 7),
                           .disable_radix_cache = draws.OneIn(4)};
  // A pool this small preempts over and over.
  options.max_total_tokens = draws.OneIn(2) ? 192 : 8192;
  return options;
}

struct DeterminismCase {
  const char* name;
  const char* model_path;
  const char* kv_cache_dtype;
  int64_t num_long_rounds;  // of 25 requests; 10,000 in all
};

class DeterminismTest : public testing::TestWithParam<DeterminismCase> {
 protected:
  void SetUp() override {
    const std::string path = GetParam().model_path;
    if (!std::filesystem::exists(path)) {
      GTEST_SKIP() << "NO DATA: " << path << " is missing; bit-exactness was NOT tested with it";
    }
    auto checkpoint = OpenCheckpoint(path);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
    checkpoint_ = std::move(checkpoint).value();
  }

  std::unique_ptr<Engine> StartEngine(const EngineOptions& options) {
    metrics_ = std::make_unique<MetricsRegistry>();
    auto engine = Engine::Start(*checkpoint_, options, *metrics_);
    EXPECT_TRUE(engine.ok()) << engine.status().ToString();
    return engine.ok() ? std::move(engine).value() : nullptr;
  }

  std::vector<TestingAnswer> RunTogether(Engine& engine,
                                         const std::vector<TestingRequest>& requests) {
    TestingRun run(requests.size());
    run.Submit(engine, requests);
    EXPECT_TRUE(run.Wait()) << "no progress";
    return run.answers();
  }

  std::vector<TestingAnswer> RunAlone(const std::vector<TestingRequest>& requests) {
    const auto engine = StartEngine({.max_running_requests = 1,
                                     .chunked_prefill_size = 512,
                                     .context_length = 160,
                                     .num_threads = 1,
                                     .kv_cache_dtype = GetParam().kv_cache_dtype,
                                     .disable_radix_cache = true});
    std::vector<TestingAnswer> answers;
    for (const TestingRequest& request : requests) {
      answers.push_back(RunTogether(*engine, {request}).front());
    }
    return answers;
  }

  std::unique_ptr<Checkpoint> checkpoint_;
  std::unique_ptr<MetricsRegistry> metrics_;
};

TEST_P(DeterminismTest, AnswersAreThoseOfTheRequestAlone) {
  const bool is_long = std::getenv("REDLINE_TEST_LONG") != nullptr;
  const int64_t num_rounds = is_long ? GetParam().num_long_rounds : 3;
  constexpr int64_t kRequestsPerRound = 25;
  int64_t cached_tokens = 0;
  double num_preemptions = 0;
  double num_accepted_drafts = 0;
  for (int64_t round = 0; round < num_rounds; ++round) {
    const auto seed = static_cast<uint32_t>(round);
    const auto requests = DrawRequests(seed, kRequestsPerRound, checkpoint_->config().vocab_size);
    const std::vector<TestingAnswer> alone = RunAlone(requests);
    const EngineOptions options = DrawOptions(seed, GetParam().kv_cache_dtype);
    const auto engine = StartEngine(options);
    ASSERT_NE(engine, nullptr);
    const int64_t free_pages = engine->FreePages();
    for (const char* pass : {"cold", "warm"}) {
      const std::vector<TestingAnswer> together = RunTogether(*engine, requests);
      for (size_t index = 0; index < requests.size(); ++index) {
        EXPECT_TRUE(together[index] == alone[index])
            << "seed " << seed << ", " << pass << ", request " << index;
        cached_tokens += together[index].cached_tokens;
      }
    }
    EXPECT_EQ(engine->FreePages(), free_pages);
    num_preemptions += metrics_->AddCounter("redline_engine_preemptions_total", "", {}).Value();
    num_accepted_drafts +=
        metrics_->AddCounter("redline_engine_accepted_draft_tokens_total", "", {}).Value();
  }
  EXPECT_GT(cached_tokens, 0) << "the mixes do not test the prefix cache";
  EXPECT_GT(num_preemptions, 0) << "the mixes do not test preemption";
  EXPECT_GT(num_accepted_drafts, 0) << "the mixes do not test speculation";
}

INSTANTIATE_TEST_SUITE_P(
    Models, DeterminismTest,
    testing::Values(
        DeterminismCase{"qwen3_f32", "tests/reference/tiny/tiny_qwen3", "f32", 160},
        DeterminismCase{"qwen2_bf16", "tests/reference/tiny/tiny_qwen2", "bf16", 60},
        DeterminismCase{"llama3_fp8", "tests/reference/tiny/tiny_llama3", "fp8_e4m3", 60},
        DeterminismCase{"stories", "../shared/data/models/stories260K-f32.gguf", "f32", 120}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace redline::engine
