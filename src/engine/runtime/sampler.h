// Chooses the next token from one row of logits.
//
// A pure function of (logits, parameters, seed, token index), so the same seed gives the same text
// in any batch and after a preemption. Order of the filters: temperature, top_k, top_p over what
// top_k left (renormalised), min_p relative to the likeliest token. Ties go to the lower id.
// Log-probs are the model's own: before temperature and filters.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "engine/runtime/engine.h"

namespace redline::engine {

constexpr int kMaxLogprobs = 20;

// Domains of the fields; errors name the field as the API does.
Status ValidateSampling(const SamplingParams& params, int64_t vocab_size);

struct SampledToken {
  TokenId token = 0;
  std::vector<TokenLogprob> logprobs;  // chosen first, then the best; empty when not asked for
};

// Holds only scratch memory, one per row that is sampled at the same time. Not thread-safe.
class Sampler {
 public:
  // nullopt when a logit is NaN or infinite.
  std::optional<SampledToken> Sample(std::span<const float> logits, const SamplingParams& params,
                                     uint64_t seed, uint64_t token_index);

 private:
  struct Candidate {
    float exponent = 0;  // of its weight
    float weight = 0;
    TokenId token = 0;
  };

  TokenId Draw(std::span<const float> logits, float max_logit, const SamplingParams& params,
               double uniform);
  void KeepLikeliest(const SamplingParams& params);
  void CollectCandidates(const SamplingParams& params);

  std::vector<float> exponents_;  // (logit - greatest) / temperature
  std::vector<float> weights_;    // exp of those; the likeliest has 1
  std::vector<Candidate> candidates_;
};

}  // namespace redline::engine
