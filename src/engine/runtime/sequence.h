// One request inside the engine: its tokens, its KV pages, its progress. Owner: the engine thread,
// from the moment it leaves the inbox until its last event is delivered.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/sampler.h"

namespace redline::engine {

struct Sequence {
  RequestId id = 0;
  SamplingParams sampling;  // max_tokens already cut to what the context leaves
  uint64_t seed = 0;        // sampling.seed, or drawn
  TokenSink sink;
  MonotonicTime submitted;

  std::vector<TokenId> tokens;  // prompt, then answer
  int64_t num_prompt_tokens = 0;
  std::vector<TokenId> stop_ids;  // stop_token_ids and, unless ignored, the model's EOS ids

  // Keys and values of positions [0, num_computed) are in `pages`.
  int64_t num_computed = 0;
  std::vector<PageId> pages;

  MonotonicTime last_event;  // submission, then each token: for TTFT and ITL
  bool was_admitted = false;

  int64_t num_tokens() const { return static_cast<int64_t>(tokens.size()); }
  int64_t num_output() const { return num_tokens() - num_prompt_tokens; }
  int64_t num_to_compute() const { return num_tokens() - num_computed; }
};

// Builds a sequence from a validated request.
std::unique_ptr<Sequence> MakeSequence(RequestId id, EngineRequest request, TokenSink sink,
                                       const ModelConfig& config, int64_t context_length);

// Takes one sampled token into the sequence and says what to tell its sink. A stop token ends the
// sequence and is not part of its answer, but counts as a completion token: it was generated.
TokenEvent Advance(Sequence& sequence, SampledToken sampled);
// The last event of a sequence that ends without a token.
TokenEvent EndEvent(const Sequence& sequence, FinishReason reason, Status error = OkStatus());

}  // namespace redline::engine
