#include "engine/runtime/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/runtime/philox.h"

namespace redline::engine {
namespace {

Status OutOfDomain(std::string_view field, double value, std::string_view domain) {
  return InvalidArgument(fmt::format("{} is {}; it must be {}", field, value, domain),
                         std::string(field));
}

// Likelier first; between equals the lower id.
bool Before(const std::pair<double, TokenId>& left, const std::pair<double, TokenId>& right) {
  return left.first != right.first ? left.first > right.first : left.second < right.second;
}

// Position of the first greatest logit, or -1 when one of them is not finite.
int64_t ArgMaxOfFinite(std::span<const float> logits) {
  bool all_finite = true;
  size_t best = 0;
  for (size_t index = 0; index < logits.size(); ++index) {
    all_finite &= std::isfinite(logits[index]);
    if (logits[index] > logits[best]) best = index;
  }
  return all_finite ? static_cast<int64_t>(best) : -1;
}

// log(sum(exp(logit))), summed in the order of ids.
double LogSumExp(std::span<const float> logits, float max_logit) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - max_logit);
  return max_logit + std::log(sum);
}

std::vector<TokenLogprob> CollectLogprobs(std::span<const float> logits, float max_logit,
                                          TokenId chosen, int count) {
  const double log_sum = LogSumExp(logits, max_logit);
  const auto logprob = [&](TokenId token) {
    return TokenLogprob{
        token,
        static_cast<float>(static_cast<double>(logits[static_cast<size_t>(token)]) - log_sum)};
  };
  std::vector<TokenId> best(logits.size());
  for (size_t index = 0; index < best.size(); ++index) best[index] = static_cast<TokenId>(index);
  const size_t num_best = std::min<size_t>(static_cast<size_t>(count), logits.size());
  std::partial_sort(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(num_best), best.end(),
                    [&](TokenId left, TokenId right) {
                      return Before({logits[static_cast<size_t>(left)], left},
                                    {logits[static_cast<size_t>(right)], right});
                    });
  std::vector<TokenLogprob> result = {logprob(chosen)};
  for (size_t index = 0; index < num_best; ++index) result.push_back(logprob(best[index]));
  return result;
}

}  // namespace

Status ValidateSampling(const SamplingParams& params, int64_t vocab_size) {
  if (!(params.temperature >= 0 && params.temperature <= 2))
    return OutOfDomain("temperature", params.temperature, "between 0 and 2");
  if (!(params.top_p > 0 && params.top_p <= 1))
    return OutOfDomain("top_p", params.top_p, "above 0 and at most 1");
  if (params.top_k < -1)
    return OutOfDomain("top_k", static_cast<double>(params.top_k), "-1 or 0 (off), or positive");
  if (!(params.min_p >= 0 && params.min_p <= 1))
    return OutOfDomain("min_p", params.min_p, "between 0 and 1");
  if (params.max_tokens < 1)
    return OutOfDomain("max_tokens", static_cast<double>(params.max_tokens), "at least 1");
  if (params.num_logprobs < -1 || params.num_logprobs > kMaxLogprobs)
    return OutOfDomain("logprobs", params.num_logprobs, fmt::format("at most {}", kMaxLogprobs));
  for (const TokenId token : params.stop_token_ids) {
    if (token < 0 || token >= vocab_size)
      return OutOfDomain("stop_token_ids", token, fmt::format("in [0, {})", vocab_size));
  }
  return OkStatus();
}

std::optional<SampledToken> Sampler::Sample(std::span<const float> logits,
                                            const SamplingParams& params, uint64_t seed,
                                            uint64_t token_index) {
  const int64_t best = ArgMaxOfFinite(logits);
  if (best < 0) return std::nullopt;
  const float max_logit = logits[static_cast<size_t>(best)];
  SampledToken sampled;
  sampled.token = params.temperature == 0
                      ? static_cast<TokenId>(best)
                      : Draw(logits, max_logit, params, PhiloxUniform(seed, token_index));
  if (params.num_logprobs >= 0) {
    sampled.logprobs = CollectLogprobs(logits, max_logit, sampled.token, params.num_logprobs);
  }
  return sampled;
}

TokenId Sampler::Draw(std::span<const float> logits, float max_logit, const SamplingParams& params,
                      double uniform) {
  candidates_.resize(logits.size());
  for (size_t index = 0; index < logits.size(); ++index) {
    const double scaled = (static_cast<double>(logits[index]) - max_logit) / params.temperature;
    candidates_[index] = {std::exp(scaled), static_cast<TokenId>(index)};
  }
  if (params.top_k > 0 || params.top_p < 1 || params.min_p > 0) KeepLikeliest(params);
  return DrawFromAll(uniform);
}

// Inverse of the cumulative distribution over candidates_ in their order.
TokenId Sampler::DrawFromAll(double uniform) const {
  double total = 0;
  for (const Candidate& candidate : candidates_) total += candidate.first;
  const double target = uniform * total;
  double cumulative = 0;
  const Candidate* last_possible = &candidates_.front();
  for (const Candidate& candidate : candidates_) {
    cumulative += candidate.first;
    if (candidate.first > 0) last_possible = &candidate;
    if (cumulative > target) return candidate.second;
  }
  return last_possible->second;  // rounding left the target just above the sum
}

// Leaves in candidates_ what top_k, top_p and min_p allow, likeliest first. A heap yields the few
// likeliest without sorting the vocabulary.
void Sampler::KeepLikeliest(const SamplingParams& params) {
  double total = 0;
  if (params.top_k > 0 && static_cast<size_t>(params.top_k) < candidates_.size()) {
    const auto end = candidates_.begin() + static_cast<std::ptrdiff_t>(params.top_k);
    std::nth_element(candidates_.begin(), end, candidates_.end(), Before);
    candidates_.erase(end, candidates_.end());
    std::sort(candidates_.begin(), candidates_.end(), Before);
  }
  for (const Candidate& candidate : candidates_) total += candidate.first;
  const auto heap_order = [](const Candidate& left, const Candidate& right) {
    return Before(right, left);
  };
  std::make_heap(candidates_.begin(), candidates_.end(), heap_order);
  const double least_weight = params.min_p * candidates_.front().first;
  double kept_weight = 0;
  size_t num_left = candidates_.size();
  while (num_left > 0 && candidates_.front().first >= least_weight &&
         (kept_weight == 0 || kept_weight < params.top_p * total)) {
    kept_weight += candidates_.front().first;
    std::pop_heap(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(num_left),
                  heap_order);
    --num_left;
  }
  // Popped candidates lie behind the heap, likeliest last.
  candidates_.erase(candidates_.begin(),
                    candidates_.begin() + static_cast<std::ptrdiff_t>(num_left));
  std::reverse(candidates_.begin(), candidates_.end());
}

}  // namespace redline::engine
