// Chooses the next token from one row of logits.
//
// A pure function of its input, so the same seed gives the same text in any batch and after a
// preemption. Logits are adjusted first: repetition penalty, presence and frequency penalty, bias,
// then what is forbidden (stop tokens before min_tokens, what the mask lacks). Order of the
// filters: temperature, top_k, top_p over what top_k left (renormalised), min_p relative to the
// likeliest token. Ties go to the lower id. Log-probs are the model's own: before all of that.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/token_counts.h"

namespace redline::engine {

constexpr int kMaxLogprobs = 20;

// Domains of the fields; errors name the field as the API does.
Status ValidateSampling(const SamplingParams& params, int64_t vocab_size);

// Whether the parameters need TokenCounts.
bool HasPenalties(const SamplingParams& params);

struct SamplingInput {
  std::span<const float> logits;
  const SamplingParams& params;
  uint64_t seed = 0;
  uint64_t token_index = 0;             // of the answer
  const TokenCounts* counts = nullptr;  // with penalties
  std::span<const TokenId> forbidden;   // the stop tokens, before min_tokens
  std::span<const uint32_t> mask;       // one bit per token; empty: all may come
};

struct SampledToken {
  TokenId token = 0;
  std::vector<TokenLogprob> logprobs;  // chosen first, then the best; empty when not asked for
};

// The log-probs of `token` and of the `count` likeliest, in one row of logits; nullopt when a logit
// is not finite.
std::optional<std::vector<TokenLogprob>> ScoreToken(std::span<const float> logits, TokenId token,
                                                    int count);

// Holds only scratch memory, one per row that is sampled at the same time. Not thread-safe.
class Sampler {
 public:
  // nullopt when a logit is NaN or infinite, or the mask is empty. A mask that has nothing but
  // forbidden tokens wins over them.
  std::optional<SampledToken> Sample(const SamplingInput& input);

 private:
  struct Candidate {
    float exponent = 0;  // of its weight
    float weight = 0;
    size_t position = 0;
  };

  std::span<const float> WhatMayCome(const SamplingInput& input);
  std::span<const float> Allowed(std::span<const float> logits, std::span<const uint32_t> mask);
  void Adjust(const SamplingInput& input);
  size_t Draw(std::span<const float> logits, float max_logit, const SamplingParams& params,
              double uniform);
  void KeepLikeliest(const SamplingParams& params);
  void CollectCandidates(const SamplingParams& params);

  std::vector<float> adjusted_;   // logits after penalties and bias; forbidden tokens have -inf
  std::vector<float> allowed_;    // of those, what the mask has, one behind the other
  std::vector<float> exponents_;  // (logit - greatest) / temperature
  std::vector<float> weights_;    // exp of those; the likeliest has 1
  std::vector<Candidate> candidates_;
};

}  // namespace redline::engine
