#include "engine/runtime/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/runtime/fast_exp.h"
#include "engine/runtime/philox.h"
#include "engine/runtime/row_scan.h"

namespace redline::engine {
namespace {

Status OutOfDomain(std::string_view field, double value, std::string_view domain) {
  return InvalidArgument(fmt::format("{} is {}; it must be {}", field, value, domain),
                         std::string(field));
}

// Below this temperature the likeliest token is all there is (and its inverse would overflow).
constexpr double kGreedyTemperature = 1e-5;

constexpr float kBucketsPerUnit = 4;
constexpr size_t kNumBuckets = static_cast<size_t>(-kLeastExponent * kBucketsPerUnit) + 1;

// Buckets of like exponents, likeliest first.
size_t BucketOf(float exponent) { return static_cast<size_t>(-exponent * kBucketsPerUnit); }

void Penalise(const TokenCounts& counts, const SamplingParams& params, std::span<float> logits) {
  const auto repetition = static_cast<float>(params.repetition_penalty);
  for (const auto& [token, count] : counts.in_output()) {
    float& logit = logits[static_cast<size_t>(token)];
    if (repetition != 1) logit = logit > 0 ? logit / repetition : logit * repetition;
    if (count == 0) continue;
    logit -= static_cast<float>(params.presence_penalty +
                                params.frequency_penalty * static_cast<double>(count));
  }
}

// log(sum(exp(logit))), summed in the order of ids.
double LogSumExp(std::span<const float> logits, float max_logit) {
  double sum = 0;
  for (const float logit : logits) sum += FastExp(logit - max_logit);
  return max_logit + std::log(sum);
}

// The `count` likeliest tokens, in order.
std::vector<TokenId> LikeliestTokens(std::span<const float> logits, size_t count) {
  std::vector<TokenId> tokens(logits.size());
  std::iota(tokens.begin(), tokens.end(), 0);
  const auto end = tokens.begin() + static_cast<std::ptrdiff_t>(std::min(count, tokens.size()));
  std::partial_sort(tokens.begin(), end, tokens.end(), [&](TokenId left, TokenId right) {
    const float left_logit = logits[static_cast<size_t>(left)];
    const float right_logit = logits[static_cast<size_t>(right)];
    return left_logit != right_logit ? left_logit > right_logit : left < right;
  });
  tokens.erase(end, tokens.end());
  return tokens;
}

std::vector<TokenLogprob> CollectLogprobs(std::span<const float> logits, float max_logit,
                                          TokenId chosen, int count) {
  const double log_sum = LogSumExp(logits, max_logit);
  const auto logprob = [&](TokenId token) {
    const double logit = logits[static_cast<size_t>(token)];
    return TokenLogprob{token, static_cast<float>(logit - log_sum)};
  };
  std::vector<TokenLogprob> result = {logprob(chosen)};
  for (const TokenId token : LikeliestTokens(logits, static_cast<size_t>(count))) {
    result.push_back(logprob(token));
  }
  return result;
}

Status ValidateFilters(const SamplingParams& params) {
  if (!(params.temperature >= 0 && params.temperature <= 2))
    return OutOfDomain("temperature", params.temperature, "between 0 and 2");
  if (!(params.top_p > 0 && params.top_p <= 1))
    return OutOfDomain("top_p", params.top_p, "above 0 and at most 1");
  if (params.top_k < -1)
    return OutOfDomain("top_k", static_cast<double>(params.top_k), "-1 or 0 (off), or positive");
  if (!(params.min_p >= 0 && params.min_p <= 1))
    return OutOfDomain("min_p", params.min_p, "between 0 and 1");
  if (params.max_tokens < 0)
    return OutOfDomain("max_tokens", static_cast<double>(params.max_tokens), "at least 0");
  if (params.min_tokens < 0)
    return OutOfDomain("min_tokens", static_cast<double>(params.min_tokens), "at least 0");
  if (params.num_logprobs < -1 || params.num_logprobs > kMaxLogprobs)
    return OutOfDomain("logprobs", params.num_logprobs, fmt::format("at most {}", kMaxLogprobs));
  return OkStatus();
}

Status ValidatePenalties(const SamplingParams& params) {
  const auto within = [](double value, double limit) { return value >= -limit && value <= limit; };
  if (!within(params.presence_penalty, 2))
    return OutOfDomain("presence_penalty", params.presence_penalty, "between -2 and 2");
  if (!within(params.frequency_penalty, 2))
    return OutOfDomain("frequency_penalty", params.frequency_penalty, "between -2 and 2");
  if (!(params.repetition_penalty >= 0.01 && params.repetition_penalty <= 2))
    return OutOfDomain("repetition_penalty", params.repetition_penalty, "between 0.01 and 2");
  for (const LogitBias& bias : params.logit_bias) {
    if (!within(bias.bias, 100))
      return OutOfDomain("logit_bias", bias.bias, "between -100 and 100");
  }
  return OkStatus();
}

Status ValidateTokenIds(const SamplingParams& params, int64_t vocab_size) {
  const auto outside = [vocab_size](TokenId token) { return token < 0 || token >= vocab_size; };
  for (const TokenId token : params.stop_token_ids) {
    if (outside(token))
      return OutOfDomain("stop_token_ids", token, fmt::format("in [0, {})", vocab_size));
  }
  for (const LogitBias& bias : params.logit_bias) {
    if (outside(bias.token))
      return OutOfDomain("logit_bias", bias.token,
                         fmt::format("for token ids in [0, {})", vocab_size));
  }
  return OkStatus();
}

}  // namespace

Status ValidateSampling(const SamplingParams& params, int64_t vocab_size) {
  RL_RETURN_IF_ERROR(ValidateFilters(params));
  RL_RETURN_IF_ERROR(ValidatePenalties(params));
  return ValidateTokenIds(params, vocab_size);
}

bool HasPenalties(const SamplingParams& params) {
  return params.presence_penalty != 0 || params.frequency_penalty != 0 ||
         params.repetition_penalty != 1;
}

std::optional<std::vector<TokenLogprob>> ScoreToken(std::span<const float> logits, TokenId token,
                                                    int count) {
  const RowScan scan = ScanRow(logits);
  if (!scan.is_finite) return std::nullopt;
  return CollectLogprobs(logits, logits[static_cast<size_t>(scan.first_greatest)], token, count);
}

std::optional<SampledToken> Sampler::Sample(const SamplingInput& input) {
  const SamplingParams& params = input.params;
  const RowScan scan = ScanRow(input.logits);
  if (!scan.is_finite) return std::nullopt;
  const std::span<const float> logits = WhatMayCome(input);
  const int64_t best =
      logits.data() == input.logits.data() ? scan.first_greatest : ScanRow(logits).first_greatest;
  // A penalty or a bias may have made one infinite.
  if (best < 0 || !std::isfinite(logits[static_cast<size_t>(best)])) return std::nullopt;
  auto position = static_cast<size_t>(best);
  if (params.temperature >= kGreedyTemperature) {
    position = Draw(logits, logits[position], params, PhiloxUniform(input.seed, input.token_index));
  }
  SampledToken sampled;
  sampled.token =
      static_cast<TokenId>(input.mask.empty() ? position : PositionInRow(input.mask, position));
  if (params.num_logprobs >= 0) {
    const float max_logit = input.logits[static_cast<size_t>(scan.first_greatest)];
    sampled.logprobs = CollectLogprobs(input.logits, max_logit, sampled.token, params.num_logprobs);
  }
  return sampled;
}

// The logits to sample from: with a mask those it has alone, as it seldom has many.
std::span<const float> Sampler::WhatMayCome(const SamplingInput& input) {
  const SamplingParams& params = input.params;
  if (!HasPenalties(params) && params.logit_bias.empty() && input.forbidden.empty()) {
    return Allowed(input.logits, input.mask);
  }
  Adjust(input);
  return Allowed(adjusted_, input.mask);
}

std::span<const float> Sampler::Allowed(std::span<const float> logits,
                                        std::span<const uint32_t> mask) {
  if (mask.empty()) return logits;
  allowed_.resize(logits.size());
  return std::span(allowed_).first(GatherAllowed(logits, mask, allowed_));
}

void Sampler::Adjust(const SamplingInput& input) {
  adjusted_.assign(input.logits.begin(), input.logits.end());
  if (input.counts != nullptr) Penalise(*input.counts, input.params, adjusted_);
  for (const LogitBias& bias : input.params.logit_bias) {
    adjusted_[static_cast<size_t>(bias.token)] += bias.bias;
  }
  std::vector<std::pair<TokenId, float>> taken;
  for (const TokenId token : input.forbidden) {
    float& logit = adjusted_[static_cast<size_t>(token)];
    taken.emplace_back(token, logit);
    logit = kForbidden;
  }
  if (taken.empty() || ScanRow(Allowed(adjusted_, input.mask)).first_greatest >= 0) return;
  // Nothing else may come: restored last to first, as a token may be forbidden twice.
  for (auto entry = taken.rbegin(); entry != taken.rend(); ++entry) {
    adjusted_[static_cast<size_t>(entry->first)] = entry->second;
  }
}

size_t Sampler::Draw(std::span<const float> logits, float max_logit, const SamplingParams& params,
                     double uniform) {
  const auto inverse_temperature = static_cast<float>(1 / params.temperature);
  exponents_.resize(logits.size());
  weights_.resize(logits.size());
  ExpOfRow(logits, max_logit, inverse_temperature, exponents_, weights_);
  if (params.top_k <= 0 && params.top_p >= 1 && params.min_p <= 0) {
    return DrawIndex(weights_, uniform);
  }
  KeepLikeliest(params);
  return candidates_[DrawIndex(weights_, uniform)].position;
}

// Leaves in candidates_ what top_k, top_p and min_p allow, likeliest first, and their weights in
// weights_.
void Sampler::KeepLikeliest(const SamplingParams& params) {
  CollectCandidates(params);
  std::sort(candidates_.begin(), candidates_.end(),
            [](const Candidate& left, const Candidate& right) {
              return left.exponent != right.exponent ? left.exponent > right.exponent
                                                     : left.position < right.position;
            });
  double total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  if (params.top_k > 0) {
    candidates_.resize(std::min(candidates_.size(), static_cast<size_t>(params.top_k)));
    total = 0;
    for (const Candidate& candidate : candidates_) total += candidate.weight;
  }
  weights_.clear();
  double kept = 0;
  for (const Candidate& candidate : candidates_) {
    const bool enough = params.top_p < 1 && kept >= params.top_p * total;
    // The likeliest has weight 1 and always stays.
    if (!weights_.empty() && (enough || candidate.weight < params.min_p)) break;
    kept += candidate.weight;
    weights_.push_back(candidate.weight);
  }
}

// Fills candidates_ with the likeliest tokens: at least as many as top_k and top_p can keep. A
// histogram of exponents tells how deep to go, so that only those few need sorting.
void Sampler::CollectCandidates(const SamplingParams& params) {
  std::array<int64_t, kNumBuckets> counts{};
  std::array<double, kNumBuckets> sums{};
  for (size_t index = 0; index < exponents_.size(); ++index) {
    if (weights_[index] == 0) continue;
    const size_t bucket = BucketOf(exponents_[index]);
    ++counts[bucket];
    sums[bucket] += weights_[index];
  }
  const double needed_weight = params.top_p * std::accumulate(sums.begin(), sums.end(), 0.0);
  size_t last_bucket = 0;
  int64_t count = counts[0];
  double weight = sums[0];
  const auto enough = [&] {
    // What top_p keeps of the whole is no less than what it keeps of the top_k; min_p comes last,
    // so it may only cut here when it does not change the total of the top_k.
    const double next_weight = std::exp(-static_cast<double>(last_bucket + 1) / kBucketsPerUnit);
    return (params.top_k > 0 && count >= params.top_k) ||
           (params.top_p < 1 && weight >= needed_weight) ||
           (params.top_k <= 0 && next_weight < params.min_p);
  };
  while (last_bucket + 1 < kNumBuckets && !enough()) {
    ++last_bucket;
    count += counts[last_bucket];
    weight += sums[last_bucket];
  }
  candidates_.clear();
  for (size_t index = 0; index < exponents_.size(); ++index) {
    if (BucketOf(exponents_[index]) > last_bucket || weights_[index] == 0) continue;
    candidates_.push_back({exponents_[index], weights_[index], index});
  }
}

}  // namespace redline::engine
