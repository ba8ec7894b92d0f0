// One request inside the engine: its tokens, its KV pages, its progress. Owner: the engine thread,
// from the moment it leaves the inbox until its last event is delivered.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/prefix_cache.h"
#include "engine/runtime/sampler.h"
#include "engine/runtime/token_counts.h"

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
  TokenCounts counts;             // of `tokens`, kept when a penalty needs them

  int num_prompt_logprobs = -1;                            // as EngineRequest's
  std::vector<std::vector<TokenLogprob>> prompt_logprobs;  // so far

  std::unique_ptr<text::Constraint> constraint;
  std::vector<uint32_t> mask;  // of the next token, when there is a constraint
  Status mask_status;

  // Keys and values of positions [0, num_computed) are in `pages`, of which the first
  // num_shared_pages belong to the prefix cache, where `prefix` is the last one's node.
  int64_t num_computed = 0;
  std::vector<PageId> pages;
  int64_t num_shared_pages = 0;
  std::string cache_salt;
  PrefixCache::Node* prefix = nullptr;
  int64_t num_cached_tokens = 0;  // of the prompt, found in the prefix cache at first

  int64_t arrival = 0;        // the scheduler's number: smaller is older
  int64_t num_overtaken = 0;  // by younger ones, while it waited
  MonotonicTime last_event;   // submission, then each token: for TTFT and ITL
  bool was_admitted = false;
  bool was_preempted = false;

  int64_t num_tokens() const { return static_cast<int64_t>(tokens.size()); }
  int64_t num_output() const { return num_tokens() - num_prompt_tokens; }
  int64_t num_to_compute() const { return num_tokens() - num_computed; }

  // The row at position p tells the log-prob of prompt token p + 1. The first position whose row is
  // still to be seen for that; past every position when none is.
  int64_t first_prompt_logprob_to_come() const {
    const auto num_seen = static_cast<int64_t>(prompt_logprobs.size());
    const bool to_come = num_prompt_logprobs >= 0 && num_seen < num_prompt_tokens - 1;
    return to_come ? num_seen : std::numeric_limits<int64_t>::max();
  }
  // Whether its next tokens may be drafted: what a token is drawn by must not depend on those
  // before it otherwise than through the model.
  bool may_draft() const {
    return num_output() > 0 && constraint == nullptr && !HasPenalties(sampling);
  }
  // The prefix cache had `count` more of its tokens.
  void NoteCached(int64_t count) {
    if (!was_preempted) num_cached_tokens += count;
  }
};

// Builds a sequence from a validated request.
std::unique_ptr<Sequence> MakeSequence(RequestId id, EngineRequest request, TokenSink sink,
                                       const ModelConfig& config, int64_t context_length);

// Takes one sampled token into the sequence and says what to tell its sink. A stop token ends the
// sequence and is not part of its answer, but counts as a completion token: it was generated. So
// does the token that completes what the constraint asks for, and it is part of the answer.
TokenEvent Advance(Sequence& sequence, SampledToken sampled);
// The last event of a sequence that ends without a token.
TokenEvent EndEvent(const Sequence& sequence, FinishReason reason, Status error = OkStatus());

}  // namespace redline::engine
