#include "engine/runtime/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "engine/runtime/fast_exp.h"
#include "engine/runtime/philox.h"

namespace redline::engine {
namespace {

// Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(FastExp, IsExpToSinglePrecision) {
  EXPECT_EQ(FastExp(0), 1.0F);
  for (float exponent = 0; exponent > kLeastExponent; exponent -= 0.0131F) {
    const double expected = std::exp(static_cast<double>(exponent));
    ASSERT_NEAR(FastExp(exponent) / expected, 1, 2e-7) << exponent;
  }
  EXPECT_GT(FastExp(-std::numeric_limits<float>::infinity()), 0);
}

// Without penalties or anything forbidden.
std::optional<SampledToken> Draw(Sampler& sampler, const std::vector<float>& logits,
                                 const SamplingParams& params, uint64_t seed, uint64_t index) {
  return sampler.Sample({.logits = logits, .params = params, .seed = seed, .token_index = index});
}

// Logits whose softmax is 0.5, 0.3, 0.15, 0.05.
std::vector<float> FourTokens() {
  return {std::log(0.15F), std::log(0.5F), std::log(0.05F), std::log(0.3F)};
}

// By the definitions: sort, cut at top_k, renormalise, cut at top_p, cut at min_p.
std::set<TokenId> AllowedBySorting(const std::vector<float>& logits, const SamplingParams& params) {
  std::vector<std::pair<double, TokenId>> sorted;
  for (size_t index = 0; index < logits.size(); ++index) {
    sorted.emplace_back(-std::exp(static_cast<double>(logits[index])), static_cast<TokenId>(index));
  }
  std::sort(sorted.begin(), sorted.end());
  if (params.top_k > 0) sorted.resize(std::min<size_t>(sorted.size(), params.top_k));
  double total = 0;
  for (const auto& [negative_weight, token] : sorted) total -= negative_weight;
  std::set<TokenId> allowed;
  double kept = 0;
  for (const auto& [negative_weight, token] : sorted) {
    // Beside rounding, which may go either way.
    if (kept > params.top_p * total * (1 + 1e-6)) break;
    if (negative_weight > params.min_p * sorted[0].first * (1 - 1e-6)) break;
    kept -= negative_weight;
    allowed.insert(token);
  }
  return allowed;
}

std::map<TokenId, double> Frequencies(const SamplingParams& params) {
  constexpr int kDraws = 20000;
  Sampler sampler;
  std::map<TokenId, double> frequencies;
  for (int index = 0; index < kDraws; ++index) {
    frequencies[Draw(sampler, FourTokens(), params, 42, static_cast<uint64_t>(index))->token] +=
        1.0 / kDraws;
  }
  return frequencies;
}

struct DistributionCase {
  const char* name;
  SamplingParams params;
  std::map<TokenId, double> expected;
};

TEST(Sampler, DrawsTheDistributionTheFiltersLeave) {
  const double e2 = 0.25 + 0.09 + 0.0225 + 0.0025;
  const std::vector<DistributionCase> cases = {
      {"plain", {}, {{0, 0.15}, {1, 0.5}, {2, 0.05}, {3, 0.3}}},
      {"cold",
       {.temperature = 0.5},
       {{0, 0.0225 / e2}, {1, 0.25 / e2}, {2, 0.0025 / e2}, {3, 0.09 / e2}}},
      {"top_k", {.top_k = 2}, {{1, 0.625}, {3, 0.375}}},
      {"top_k above vocabulary", {.top_k = 99}, {{0, 0.15}, {1, 0.5}, {2, 0.05}, {3, 0.3}}},
      {"top_p takes the token that crosses", {.top_p = 0.6}, {{1, 0.625}, {3, 0.375}}},
      {"tiny top_p", {.top_p = 1e-9}, {{1, 1.0}}},
      {"top_p of what top_k left", {.top_p = 0.6, .top_k = 2}, {{1, 1.0}}},
      {"min_p", {.min_p = 0.29}, {{0, 0.15 / 0.95}, {1, 0.5 / 0.95}, {3, 0.3 / 0.95}}},
      {"min_p of one", {.min_p = 1}, {{1, 1.0}}},
      {"almost greedy", {.temperature = 1e-6}, {{1, 1.0}}},
  };
  for (const DistributionCase& test_case : cases) {
    const std::map<TokenId, double> got = Frequencies(test_case.params);
    EXPECT_EQ(got.size(), test_case.expected.size()) << test_case.name;
    for (const auto& [token, probability] : test_case.expected) {
      // Four standard deviations of 20000 draws.
      EXPECT_NEAR(got.contains(token) ? got.at(token) : 0, probability, 0.0145)
          << test_case.name << ", token " << token;
    }
  }
}

// The shortcut over a histogram keeps exactly what sorting everything would keep.
TEST(Sampler, FiltersKeepWhatTheirDefinitionsSay) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 0.3F);
  for (int round = 0; round < 60; ++round) {
    std::vector<float> logits(300);
    for (float& logit : logits) logit = normal(random);
    SamplingParams params;
    params.top_k = round % 3 == 0 ? -1 : 1 + round % 50;
    params.top_p = round % 4 == 0 ? 1.0 : 0.05 + 0.9 * (round % 10) / 10;
    params.min_p = round % 5 == 0 ? 0.02 : 0;
    const std::set<TokenId> allowed = AllowedBySorting(logits, params);
    Sampler sampler;
    std::set<TokenId> drawn;
    for (uint64_t index = 0; index < 300; ++index) {
      drawn.insert(Draw(sampler, logits, params, 1, index)->token);
    }
    for (const TokenId token : drawn) {
      ASSERT_TRUE(allowed.contains(token)) << "round " << round << ", token " << token;
    }
    if (allowed.size() <= 8) {
      EXPECT_EQ(drawn, allowed) << "round " << round;
    }
  }
}

TEST(Sampler, GreedyTiesGoToTheLowerId) {
  Sampler sampler;
  EXPECT_EQ(Draw(sampler, std::vector<float>{1, 3, 2, 3}, {.temperature = 0}, 0, 0)->token, 1);
  // Also where a filter has to cut between equals.
  EXPECT_EQ(Draw(sampler, std::vector<float>{1, 3, 2, 3}, {.top_k = 1}, 0, 0)->token, 1);
}

// A penalty that makes a logit infinite, however the row ends.
TEST(Sampler, NothingIsDrawnFromAnInfiniteLogit) {
  for (const size_t size : {3, 4, 17, 40}) {
    std::vector<float> logits(size, 0.0F);
    logits[1] = 3.4e37F;
    for (const double top_p : {1.0, 0.9}) {
      const SamplingParams params = {
          .top_p = top_p, .repetition_penalty = 0.01, .logit_bias = {{0, 1.0F}}};
      TokenCounts counts;
      counts.AddPrompt(std::vector<TokenId>{1});
      Sampler sampler;
      EXPECT_FALSE(sampler.Sample({.logits = logits, .params = params, .counts = &counts}))
          << size << " " << top_p;
    }
  }
}

TEST(Sampler, SeedAndIndexAloneDecide) {
  const std::vector<float> logits(1000, 0.0F);
  Sampler first;
  Sampler second;
  (void)Draw(second, std::vector<float>(2000, 1.0F), {}, 1, 1);  // used scratch changes nothing
  EXPECT_EQ(Draw(first, logits, {}, 7, 3)->token, Draw(second, logits, {}, 7, 3)->token);
  EXPECT_NE(Draw(first, logits, {}, 7, 3)->token, Draw(first, logits, {}, 8, 3)->token);
  EXPECT_NE(Draw(first, logits, {}, 7, 3)->token, Draw(first, logits, {}, 7, 4)->token);
}

TEST(Sampler, LogprobsAreTheModelsOwn) {
  Sampler sampler;
  const auto sampled =
      Draw(sampler, FourTokens(), {.temperature = 2, .top_k = 1, .num_logprobs = 2}, 0, 0);
  ASSERT_EQ(sampled->logprobs.size(), 3u);
  EXPECT_EQ(sampled->logprobs[0].token, 1);
  EXPECT_NEAR(sampled->logprobs[0].logprob, std::log(0.5), 1e-6);
  EXPECT_EQ(sampled->logprobs[1].token, 1);
  EXPECT_EQ(sampled->logprobs[2].token, 3);
  EXPECT_NEAR(sampled->logprobs[2].logprob, std::log(0.3), 1e-6);
  // 0: the chosen token's alone. More than the vocabulary: all of it.
  EXPECT_EQ(Draw(sampler, FourTokens(), {.num_logprobs = 0}, 0, 0)->logprobs.size(), 1u);
  EXPECT_EQ(Draw(sampler, FourTokens(), {.num_logprobs = 9}, 0, 0)->logprobs.size(), 5u);
}

TEST(Sampler, LogitsThatAreNotFiniteGiveNoToken) {
  Sampler sampler;
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {std::nanf(""), infinity, -infinity}) {
    for (const size_t position : {0u, 3u}) {
      std::vector<float> logits = FourTokens();
      logits[position] = bad;
      EXPECT_FALSE(Draw(sampler, logits, {.temperature = 0}, 0, 0).has_value());
      EXPECT_FALSE(Draw(sampler, logits, {}, 0, 0).has_value());
    }
  }
}

TEST(Sampler, ExtremeLogitsStayFinite) {
  Sampler sampler;
  const std::vector<float> logits = {-3e38F, 3e38F, 0};
  const auto sampled = Draw(sampler, logits, {.temperature = 0.01, .num_logprobs = 3}, 1, 1);
  EXPECT_EQ(sampled->token, 1);
  EXPECT_EQ(sampled->logprobs[0].logprob, 0.0F);
}

// What tokens a request has seen, and what that and its wishes make of the logits.
struct AdjustCase {
  const char* name;
  SamplingParams params;
  std::vector<TokenId> prompt;
  std::vector<TokenId> output;
  TokenId expected;  // greedily, of logits 1 2 3 4
};

TEST(Sampler, PenaltiesAndBiasMoveLogits) {
  const std::vector<AdjustCase> cases = {
      {"none", {}, {3}, {3, 3}, 3},
      {"presence", {.presence_penalty = 1.5}, {}, {3}, 2},
      {"presence counts once", {.presence_penalty = 0.9}, {}, {3, 3, 3}, 3},
      {"presence does not see the prompt", {.presence_penalty = 2}, {3}, {}, 3},
      {"frequency", {.frequency_penalty = 0.6}, {}, {3, 3}, 2},
      {"frequency, once", {.frequency_penalty = 0.6}, {}, {3}, 3},
      {"negative presence", {.presence_penalty = -2}, {}, {2}, 2},
      {"repetition sees the prompt", {.repetition_penalty = 1.5}, {3}, {}, 2},
      {"repetition", {.repetition_penalty = 1.5}, {}, {3, 3}, 2},
      {"bias", {.logit_bias = {{0, 10}, {3, -100}}}, {}, {}, 0},
  };
  for (const AdjustCase& test_case : cases) {
    TokenCounts counts;
    counts.AddPrompt(test_case.prompt);
    for (const TokenId token : test_case.output) counts.AddOutput(token);
    SamplingParams params = test_case.params;
    params.temperature = 0;
    Sampler sampler;
    const std::vector<float> logits = {1, 2, 3, 4};
    EXPECT_EQ(sampler.Sample({.logits = logits, .params = params, .counts = &counts})->token,
              test_case.expected)
        << test_case.name;
  }
}

TEST(Sampler, NegativeLogitsAreMultipliedByTheRepetitionPenalty) {
  TokenCounts counts;
  counts.AddOutput(1);
  Sampler sampler;
  const std::vector<float> logits = {-1.5F, -1};
  EXPECT_EQ(sampler
                .Sample({.logits = logits,
                         .params = {.temperature = 0, .repetition_penalty = 2},
                         .counts = &counts})
                ->token,
            0);
}

TEST(Sampler, WhatIsForbiddenIsNeverDrawn) {
  std::vector<float> logits(70, 0.0F);
  logits[69] = 20;
  const std::vector<uint32_t> mask = {0, 1U << 3, 1U << 2};  // tokens 35 and 66
  for (const SamplingParams& params :
       {SamplingParams{.temperature = 0}, SamplingParams{}, SamplingParams{.top_k = 60},
        SamplingParams{.top_p = 0.999, .min_p = 0}, SamplingParams{.temperature = 2}}) {
    Sampler sampler;
    std::set<TokenId> drawn;
    for (uint64_t index = 0; index < 200; ++index) {
      drawn.insert(sampler
                       .Sample({.logits = logits,
                                .params = params,
                                .seed = 5,
                                .token_index = index,
                                .mask = mask})
                       ->token);
    }
    for (const TokenId token : drawn) EXPECT_TRUE(token == 35 || token == 66) << token;
  }
}

// As over a row in which what the mask lacks is out of reach.
TEST(Sampler, AMaskLeavesTheRestAsItWas) {
  std::mt19937 random(7);
  std::normal_distribution<float> logit(0, 3);
  for (int round = 0; round < 200; ++round) {
    std::vector<float> logits(1 + random() % 300);
    for (float& value : logits) value = logit(random);
    std::vector<uint32_t> mask((logits.size() + 31) / 32);
    for (uint32_t& word : mask) word = static_cast<uint32_t>(random() & random());
    const auto only = static_cast<size_t>(random() % logits.size());
    mask[only / 32] |= 1U << (only % 32);
    std::vector<float> out_of_reach = logits;
    for (size_t token = 0; token < logits.size(); ++token) {
      if ((mask[token / 32] >> (token % 32) & 1) == 0) out_of_reach[token] = -1000;
    }
    TokenCounts counts;
    for (int token = 0; token < 20; ++token)
      counts.AddOutput(static_cast<TokenId>(random() % logits.size()));
    for (const SamplingParams& params :
         {SamplingParams{.temperature = 0}, SamplingParams{.temperature = 0, .presence_penalty = 2},
          SamplingParams{.top_k = 1}, SamplingParams{.temperature = 0, .repetition_penalty = 1.5},
          SamplingParams{.temperature = 0, .logit_bias = {{static_cast<TokenId>(only), 50}}},
          SamplingParams{.top_p = 0.9, .frequency_penalty = 1}}) {
      Sampler sampler;
      const auto masked = sampler.Sample({.logits = logits,
                                          .params = params,
                                          .seed = 3,
                                          .token_index = static_cast<uint64_t>(round),
                                          .counts = &counts,
                                          .mask = mask});
      const auto plain = sampler.Sample({.logits = out_of_reach,
                                         .params = params,
                                         .seed = 3,
                                         .token_index = static_cast<uint64_t>(round),
                                         .counts = &counts});
      EXPECT_EQ(masked->token, plain->token) << "round " << round;
    }
  }
}

TEST(Sampler, StopTokensWaitForMinTokensUnlessNothingElseMayCome) {
  const std::vector<float> logits = {1, 2, 3, 4};
  const std::vector<TokenId> stops = {3, 2, 3};
  const SamplingParams greedy = {.temperature = 0};
  Sampler sampler;
  EXPECT_EQ(sampler.Sample({.logits = logits, .params = greedy, .forbidden = stops})->token, 1);
  const std::vector<uint32_t> only_two = {1U << 2};
  EXPECT_EQ(
      sampler.Sample({.logits = logits, .params = greedy, .forbidden = stops, .mask = only_two})
          ->token,
      2);
  const std::vector<uint32_t> nothing = {0};
  EXPECT_FALSE(sampler.Sample({.logits = logits, .params = greedy, .mask = nothing}).has_value());
}

TEST(ScoreToken, GivesTheTokenThenTheLikeliest) {
  const auto scores = ScoreToken(FourTokens(), 2, 1);
  ASSERT_EQ(scores->size(), 2u);
  EXPECT_EQ(scores->front().token, 2);
  EXPECT_NEAR(scores->front().logprob, std::log(0.05), 1e-6);
  EXPECT_EQ(scores->back().token, 1);
  EXPECT_FALSE(ScoreToken(std::vector<float>{0, std::nanf("")}, 0, 0).has_value());
}

TEST(ValidateSampling, NamesTheField) {
  const std::vector<std::pair<SamplingParams, const char*>> cases = {
      {{.temperature = -1}, "temperature"},
      {{.temperature = std::nan("")}, "temperature"},
      {{.temperature = 2.1}, "temperature"},
      {{.top_p = 0}, "top_p"},
      {{.top_p = 1.1}, "top_p"},
      {{.top_k = -2}, "top_k"},
      {{.min_p = 1.5}, "min_p"},
      {{.presence_penalty = 2.5}, "presence_penalty"},
      {{.frequency_penalty = std::nan("")}, "frequency_penalty"},
      {{.repetition_penalty = 0}, "repetition_penalty"},
      {{.logit_bias = {{5, 101}}}, "logit_bias"},
      {{.logit_bias = {{100, 1}}}, "logit_bias"},
      {{.max_tokens = -1}, "max_tokens"},
      {{.min_tokens = -1}, "min_tokens"},
      {{.stop_token_ids = {100}}, "stop_token_ids"},
      {{.stop_token_ids = {-1}}, "stop_token_ids"},
      {{.num_logprobs = 21}, "logprobs"},
  };
  for (const auto& [params, field] : cases) {
    const Status status = ValidateSampling(params, 100);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << field;
    EXPECT_EQ(status.param(), field);
  }
  EXPECT_TRUE(ValidateSampling({}, 100).ok());
}

}  // namespace
}  // namespace redline::engine
