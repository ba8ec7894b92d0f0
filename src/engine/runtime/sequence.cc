#include "engine/runtime/sequence.h"

#include <sys/random.h>

#include <algorithm>
#include <utility>

namespace redline::engine {
namespace {

uint64_t DrawSeed() {
  uint64_t seed = 0;
  // Cannot fail for 8 bytes once the kernel's pool is up; a seed of 0 would still be valid.
  [[maybe_unused]] const ssize_t size = getrandom(&seed, sizeof(seed), 0);
  return seed;
}

bool Contains(const std::vector<TokenId>& ids, TokenId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

void SetSampling(Sequence& sequence, SamplingParams sampling, const ModelConfig& config,
                 int64_t context_length) {
  sequence.sampling = std::move(sampling);
  SamplingParams& params = sequence.sampling;
  params.max_tokens = std::min(params.max_tokens, context_length - sequence.num_prompt_tokens);
  sequence.seed = params.seed.value_or(0);
  if (!params.seed && params.temperature > 0) sequence.seed = DrawSeed();
  sequence.stop_ids = params.stop_token_ids;
  if (!params.ignore_eos) {
    sequence.stop_ids.insert(sequence.stop_ids.end(), config.eos_token_ids.begin(),
                             config.eos_token_ids.end());
  }
}

}  // namespace

std::unique_ptr<Sequence> MakeSequence(RequestId id, EngineRequest request, TokenSink sink,
                                       const ModelConfig& config, int64_t context_length) {
  auto sequence = std::make_unique<Sequence>();
  sequence->id = id;
  sequence->sink = std::move(sink);
  sequence->submitted = sequence->last_event = MonotonicNow();
  sequence->num_prompt_tokens = static_cast<int64_t>(request.prompt.size());
  sequence->tokens = std::move(request.prompt);
  SetSampling(*sequence, std::move(request.sampling), config, context_length);
  if (sequence->sampling.repetition_penalty != 1) sequence->counts.AddPrompt(sequence->tokens);
  sequence->num_prompt_logprobs = request.num_prompt_logprobs;
  sequence->cache_salt = std::move(request.cache_salt);
  sequence->constraint = std::move(request.constraint);
  if (sequence->constraint != nullptr) {
    sequence->mask.resize(static_cast<size_t>((config.vocab_size + 31) / 32));
  }
  return sequence;
}

TokenEvent EndEvent(const Sequence& sequence, FinishReason reason, Status error) {
  TokenEvent event;
  event.finish = reason;
  event.error = std::move(error);
  event.prompt_tokens = sequence.num_prompt_tokens;
  event.completion_tokens = sequence.num_output();
  event.cached_tokens = sequence.num_cached_tokens;
  return event;
}

TokenEvent Advance(Sequence& sequence, SampledToken sampled) {
  if (Contains(sequence.stop_ids, sampled.token)) {
    TokenEvent event = EndEvent(sequence, FinishReason::kStop);
    event.stop_token = sampled.token;
    ++event.completion_tokens;
    return event;
  }
  bool completes_constraint = false;
  if (sequence.constraint != nullptr) {
    Status status = sequence.constraint->Accept(sampled.token);
    if (!status.ok()) return EndEvent(sequence, FinishReason::kError, std::move(status));
    completes_constraint = sequence.constraint->IsStopped();
  }
  sequence.tokens.push_back(sampled.token);
  if (HasPenalties(sequence.sampling)) sequence.counts.AddOutput(sampled.token);
  TokenEvent event;
  if (completes_constraint) {
    event = EndEvent(sequence, FinishReason::kStop);
  } else if (sequence.num_output() >= sequence.sampling.max_tokens) {
    event = EndEvent(sequence, FinishReason::kLength);
  }
  event.cached_tokens = sequence.num_cached_tokens;
  event.token = sampled.token;
  event.logprobs = std::move(sampled.logprobs);
  return event;
}

}  // namespace redline::engine
