// What a request can ask of the engine beyond plain text: log-probs of its prompt, constraints,
// cached beginnings, a rank of its own.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "engine/runtime/engine.h"
#include "engine/runtime/testing_model.h"
#include "engine/runtime/testing_runs.h"

namespace redline::engine {
namespace {

constexpr SamplingParams kGreedy = {.temperature = 0, .max_tokens = 8};

TestingAnswer Answer(Engine& engine, EngineRequest request) {
  TestingRun run(1);
  const auto id = engine.Submit(std::move(request), run.SinkOf(0));
  EXPECT_TRUE(id.ok()) << id.status().ToString();
  EXPECT_TRUE(run.Wait());
  return run.answers().front();
}

EngineRequest Ask(std::vector<TokenId> prompt, SamplingParams sampling = kGreedy) {
  EngineRequest request;
  request.prompt = std::move(prompt);
  request.sampling = std::move(sampling);
  return request;
}

std::vector<TokenId> Count(TokenId first, int64_t count) {
  std::vector<TokenId> tokens;
  for (int64_t index = 0; index < count; ++index) {
    tokens.push_back(static_cast<TokenId>(first + index % 40));
  }
  return tokens;
}

// Allows, at each place, one of the tokens given for it; complete after the last place.
class PlacesConstraint final : public text::Constraint {
 public:
  explicit PlacesConstraint(std::vector<std::vector<TokenId>> places)
      : places_(std::move(places)) {}
  Status FillMask(std::span<uint32_t> mask) override {
    if (fails) return ResourceExhausted("the grammar is too costly here");
    std::fill(mask.begin(), mask.end(), 0);
    for (const TokenId token : places_[at_]) {
      mask[static_cast<size_t>(token) / 32] |= 1U << (token % 32);
    }
    return OkStatus();
  }
  Status Accept(TokenId /*id*/) override {
    ++at_;
    return OkStatus();
  }
  bool IsStopped() const override { return at_ == places_.size(); }

  bool fails = false;

 private:
  const std::vector<std::vector<TokenId>> places_;
  size_t at_ = 0;
};

TEST(EngineRequests, AConstraintDecidesWhatMayComeAndWhenItEnds) {
  const auto testing = StartTestingEngine({});
  EngineRequest request = Ask({5, 6, 7}, {.temperature = 0, .max_tokens = 100, .num_logprobs = 0});
  request.constraint = std::make_unique<PlacesConstraint>(
      std::vector<std::vector<TokenId>>{{10, 11}, {33}, {2, 3, 4}});
  const TestingAnswer answer = Answer(*testing->engine, std::move(request));
  ASSERT_EQ(answer.tokens.size(), 3u);
  EXPECT_TRUE(answer.tokens[0] == 10 || answer.tokens[0] == 11);
  EXPECT_EQ(answer.tokens[1], 33);
  EXPECT_EQ(answer.finish, FinishReason::kStop);
  EXPECT_EQ(answer.scored_tokens, answer.tokens) << "each with its log-prob";
}

TEST(EngineRequests, AConstraintThatFailsEndsItsRequestOnly) {
  const auto testing = StartTestingEngine({});
  auto constraint = std::make_unique<PlacesConstraint>(std::vector<std::vector<TokenId>>{{10}});
  constraint->fails = true;
  EngineRequest request = Ask({5, 6, 7});
  request.constraint = std::move(constraint);
  EXPECT_EQ(Answer(*testing->engine, std::move(request)).finish, FinishReason::kError);
  EXPECT_EQ(Answer(*testing->engine, Ask({5, 6, 7})).tokens, ExpectedGreedyTokens({5, 6, 7}, 8));
}

TEST(EngineRequests, MinTokensHoldsBackStopTokens) {
  const std::vector<TokenId> plain = ExpectedGreedyTokens({5, 6, 7}, 8);
  const auto testing = StartTestingEngine({});
  SamplingParams params = kGreedy;
  params.stop_token_ids = {plain[1]};
  EXPECT_EQ(Answer(*testing->engine, Ask({5, 6, 7}, params)).tokens.size(), 1u);
  params.min_tokens = 4;
  const TestingAnswer answer = Answer(*testing->engine, Ask({5, 6, 7}, params));
  EXPECT_GE(answer.tokens.size(), 4u);
  EXPECT_NE(answer.tokens[1], plain[1]);
}

TEST(EngineRequests, PromptLogprobsCoverAllButTheFirstTokenInAnyChunks) {
  const std::vector<TokenId> prompt = Count(5, 90);
  std::vector<TestingAnswer> answers;
  for (const int64_t chunk : {64, 80, 512}) {
    const auto testing = StartTestingEngine({.chunked_prefill_size = chunk});
    Answer(*testing->engine, Ask(prompt));  // what is cached must be scored all the same
    EngineRequest request = Ask(prompt);
    request.num_prompt_logprobs = 0;
    request.sampling.max_tokens = 0;
    answers.push_back(Answer(*testing->engine, std::move(request)));
    EXPECT_TRUE(answers.back().tokens.empty());
    EXPECT_EQ(answers.back().finish, FinishReason::kLength);
    EXPECT_EQ(answers.back().scored_tokens, std::vector<TokenId>(prompt.begin() + 1, prompt.end()));
    EXPECT_TRUE(answers.back() == answers.front()) << "chunk " << chunk;
  }
}

TEST(EngineRequests, APoisonedPromptRowFailsTheRequest) {
  const auto testing = StartTestingEngine({});
  EngineRequest request = Ask({5, TestingModel::kPoison, 6, 7});
  request.num_prompt_logprobs = 0;
  EXPECT_EQ(Answer(*testing->engine, std::move(request)).finish, FinishReason::kError);
  EXPECT_EQ(Answer(*testing->engine, Ask({5, TestingModel::kPoison, 6, 7})).finish,
            FinishReason::kLength)
      << "without its log-probs that row is never looked at";
}

TEST(EngineRequests, CachedBeginningsAreTold) {
  const auto testing = StartTestingEngine({});
  const std::vector<TokenId> prompt = Count(5, 100);
  EXPECT_EQ(Answer(*testing->engine, Ask(prompt)).cached_tokens, 0);
  const TestingAnswer again = Answer(*testing->engine, Ask(prompt));
  EXPECT_EQ(again.cached_tokens, 96);
  EXPECT_EQ(again.tokens, ExpectedGreedyTokens(prompt, 8));
  EngineRequest salted = Ask(prompt);
  salted.cache_salt = "somebody else";
  EXPECT_EQ(Answer(*testing->engine, std::move(salted)).cached_tokens, 0);
  // A conversation goes on: the answer's pages are there as well.
  std::vector<TokenId> longer = prompt;
  longer.insert(longer.end(), again.tokens.begin(), again.tokens.end());
  longer.insert(longer.end(), {9, 9, 9, 9, 9});
  EXPECT_EQ(Answer(*testing->engine, Ask(longer)).cached_tokens, 96);
  EXPECT_NE(testing->metrics.Render().find("redline_engine_cached_tokens_total 192\n"),
            std::string::npos);
}

TEST(EngineRequests, WithoutTheRadixCacheNothingIsShared) {
  const auto testing = StartTestingEngine({.disable_radix_cache = true});
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(Answer(*testing->engine, Ask(Count(5, 100))).cached_tokens, 0);
  }
}

TEST(EngineRequests, RanksWorkAtTheSameTime) {
  std::atomic<int> inside = 0;
  std::atomic<bool> met = false;
  const auto testing = StartTestingEngine({.num_threads = 2, .dp_size = 2}, [&](const Batch&) {
    if (++inside == 2) met = true;
    for (int attempt = 0; attempt < 5000 && !met; ++attempt) {  // one waits for the other
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    --inside;
  });
  const int64_t total = testing->engine->FreePages();
  TestingRun run(8);
  for (size_t index = 0; index < 8; ++index) {
    ASSERT_TRUE(
        testing->engine->Submit(Ask({static_cast<TokenId>(5 + index)}), run.SinkOf(index)).ok());
  }
  ASSERT_TRUE(run.Wait());
  for (size_t index = 0; index < 8; ++index) {
    EXPECT_EQ(run.answers()[index].tokens,
              ExpectedGreedyTokens({static_cast<TokenId>(5 + index)}, 8));
  }
  EXPECT_TRUE(met);
  EXPECT_EQ(testing->engine->FreePages(), total);
  EXPECT_NE(testing->metrics.Render().find("redline_engine_requests_running 0\n"),
            std::string::npos);
}

TEST(EngineRequests, AConversationStaysOnItsRank) {
  const auto testing = StartTestingEngine({.num_threads = 2, .dp_size = 2});
  for (TokenId conversation = 0; conversation < 8; ++conversation) {
    std::vector<TokenId> prompt = Count(5, 40);
    prompt.insert(prompt.begin(), 16, 10 + conversation);
    EXPECT_EQ(Answer(*testing->engine, Ask(prompt)).cached_tokens, 0);
    prompt.push_back(7);
    EXPECT_EQ(Answer(*testing->engine, Ask(prompt)).cached_tokens, 48) << conversation;
  }
}

TEST(EngineRequests, CancelFindsTheRank) {
  const auto testing = StartTestingEngine({.dp_size = 2}, [](const Batch&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  });
  SamplingParams endless = {.temperature = 0, .max_tokens = 4000, .ignore_eos = true};
  TestingRun run(4);
  std::vector<RequestId> ids;
  for (size_t index = 0; index < 4; ++index) {
    ids.push_back(*testing->engine->Submit(Ask({5}, endless), run.SinkOf(index)));
  }
  for (const RequestId id : ids) testing->engine->Cancel(id);
  ASSERT_TRUE(run.Wait());
  for (const TestingAnswer& answer : run.answers()) EXPECT_EQ(answer.finish, FinishReason::kAbort);
  EXPECT_TRUE(testing->engine->Drain(60));
}

}  // namespace
}  // namespace redline::engine
