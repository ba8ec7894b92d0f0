// How an engine forms its steps: the numbers of its scheduler. A plain value; the engines' own
// flags become one elsewhere.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace redline::planner {

struct SchedulerPolicy {
  enum class Kind {
    // SGLang: a batch of prompts whenever one can be formed, else all decodes; admission reserves a
    // share of the answers to come, and requests are retracted when that was too little.
    kPrefillFirst,
    // vLLM V1 (also Redline's engine, and llama.cpp with as many requests as slots): decodes first,
    // then prompts with what is left of one token budget; pages are taken as they are needed, and
    // the newest request is preempted when there are none.
    kMixed,
    // TensorRT-LLM (GUARANTEED_NO_EVICT): as kMixed, but a request is admitted with all the pages
    // that it may ever need, so nothing is preempted.
    kInflight,
  };
  enum class Dispatch {
    kRoundRobin,
    kLeastLoaded,  // the least 4 * waiting + running, as vLLM's front end
  };

  Kind kind = Kind::kMixed;

  int64_t num_ranks = 1;  // data-parallel ranks, each with a scheduler and a KV cache of its own
  bool ranks_in_lockstep = true;  // all step together (DP attention, MoE); false: independent
  Dispatch dispatch = Dispatch::kRoundRobin;

  // What follows is per rank.
  int64_t max_running_requests = 256;
  // New tokens of a step. SGLang's chunked_prefill_size, of prompts alone (0: prompts are not cut);
  // else max_num_batched_tokens or max_num_tokens.
  int64_t step_token_budget = 8192;
  bool chunk_prompts = true;  // kMixed, kInflight: a prompt may be cut to fit the budget
  // kMixed: a prompt is admitted with the pages of all of it, and one more must be available for
  // each that runs (Redline's engine); else with those of its first piece (vLLM).
  bool admits_whole_prompts = false;
  int64_t max_prefill_tokens = 16384;  // kPrefillFirst: of one batch of prompts
  bool mixed_chunk = false;            // kPrefillFirst: batches of prompts take the decodes along

  int64_t kv_tokens = 0;  // capacity of the KV cache
  int64_t page_size = 1;
  bool prefix_cache = true;

  // kPrefillFirst: the share of the tokens to come that admission reserves for running requests. It
  // falls from initial * conservativeness to min_factor of that within decay_steps decode steps.
  double initial_new_token_ratio = 0.7;
  double min_new_token_ratio_factor = 0.14;
  int64_t new_token_ratio_decay_steps = 600;
  double conservativeness = 1;

  // Speculation: tokens that a decode step tries beyond its own, and how many it yields on average,
  // 1 + the accepted ones. Evenly spread over the steps: no chance in it.
  int64_t draft_tokens = 0;
  double acceptance_length = 1;

  // Serial work of one server before a request reaches the scheduler (HTTP, tokenizing).
  double frontend_seconds_per_request = 0;
  // From the end of a step until the client has its tokens (detokenizing, HTTP).
  double response_seconds = 0;
  // The scheduler's own work for a step: hidden behind the step before, or added to each.
  double host_seconds_per_step = 0;
  bool overlap_schedule = true;

  auto operator<=>(const SchedulerPolicy&) const = default;
};

inline constexpr int64_t kMaxRanks = 1024;
inline constexpr int64_t kMaxPageSize = 1 << 16;

std::string_view NameOf(SchedulerPolicy::Kind kind);

// Every field's domain, and fields that would change nothing for the kind; the message names the
// field, the value and the remedy.
Status ValidatePolicy(const SchedulerPolicy& policy);

}  // namespace redline::planner
