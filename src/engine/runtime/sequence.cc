#include "engine/runtime/sequence.h"

#include <sys/random.h>

#include <algorithm>

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

}  // namespace

std::unique_ptr<Sequence> MakeSequence(RequestId id, EngineRequest request, TokenSink sink,
                                       const ModelConfig& config, int64_t context_length) {
  auto sequence = std::make_unique<Sequence>();
  sequence->id = id;
  sequence->sink = std::move(sink);
  sequence->submitted = sequence->last_event = MonotonicNow();
  sequence->num_prompt_tokens = static_cast<int64_t>(request.prompt.size());
  sequence->tokens = std::move(request.prompt);
  sequence->sampling = std::move(request.sampling);
  sequence->sampling.max_tokens =
      std::min(sequence->sampling.max_tokens, context_length - sequence->num_prompt_tokens);
  sequence->seed = sequence->sampling.seed.value_or(0);
  if (!sequence->sampling.seed && sequence->sampling.temperature > 0) sequence->seed = DrawSeed();
  sequence->stop_ids = sequence->sampling.stop_token_ids;
  if (!sequence->sampling.ignore_eos) {
    sequence->stop_ids.insert(sequence->stop_ids.end(), config.eos_token_ids.begin(),
                              config.eos_token_ids.end());
  }
  return sequence;
}

TokenEvent EndEvent(const Sequence& sequence, FinishReason reason, Status error) {
  TokenEvent event;
  event.finish = reason;
  event.error = std::move(error);
  event.prompt_tokens = sequence.num_prompt_tokens;
  event.completion_tokens = sequence.num_output();
  return event;
}

TokenEvent Advance(Sequence& sequence, SampledToken sampled) {
  if (Contains(sequence.stop_ids, sampled.token)) {
    TokenEvent event = EndEvent(sequence, FinishReason::kStop);
    event.stop_token = sampled.token;
    ++event.completion_tokens;
    return event;
  }
  sequence.tokens.push_back(sampled.token);
  const bool at_limit = sequence.num_output() >= sequence.sampling.max_tokens;
  TokenEvent event = at_limit ? EndEvent(sequence, FinishReason::kLength) : TokenEvent{};
  event.token = sampled.token;
  event.logprobs = std::move(sampled.logprobs);
  return event;
}

}  // namespace redline::engine
