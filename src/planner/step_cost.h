// What one step of an engine takes. The simulator asks; cost models and tests answer.
#pragma once

#include <cstdint>
#include <span>

namespace redline::planner {

// A piece of one prompt that is computed in a step.
struct PrefillChunk {
  int64_t new_tokens = 0;
  int64_t prefix_tokens = 0;  // of the same request, already in the KV cache
};

// What one data-parallel rank runs in one step. Nothing at all: the rank idles along.
struct RankStep {
  std::span<const PrefillChunk> prefill;
  int64_t decode_requests = 0;        // each runs 1 token and the drafts of speculation
  int64_t decode_context_tokens = 0;  // over them: tokens in their KV cache before the step
  int64_t sampled_rows = 0;           // rows of the LM head

  bool is_idle() const { return prefill.empty() && decode_requests == 0; }
};

// Const and thread-safe: simulations in several threads share one.
class StepCost {
 public:
  virtual ~StepCost() = default;
  // Seconds until the slowest of the ranks, which step together, is done. Finite and at least 0.
  virtual double SecondsOf(std::span<const RankStep> ranks) const = 0;
};

}  // namespace redline::planner
