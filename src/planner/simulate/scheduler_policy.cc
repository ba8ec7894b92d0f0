#include "planner/simulate/scheduler_policy.h"

#include <fmt/format.h>

#include <cmath>

namespace redline::planner {
namespace {

using Kind = SchedulerPolicy::Kind;

constexpr int64_t kMostRequests = 10'000'000;
constexpr int64_t kMostStepTokens = int64_t{1} << 30;
constexpr int64_t kMostKvTokens = int64_t{1} << 40;
constexpr double kMostHostSeconds = 1e4;

Status Refused(std::string_view field, const std::string& value, const std::string& remedy) {
  return InvalidArgument(fmt::format("\"{}\" is {}: {}", field, value, remedy), std::string(field));
}

Status CheckNumber(std::string_view field, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return OkStatus();
  return Refused(field, fmt::format("{}", value), fmt::format("give {} to {}", least, most));
}

Status CheckNumber(std::string_view field, double value, double least, double most) {
  if (value >= least && value <= most) return OkStatus();  // false for NaN, too
  return Refused(field, fmt::format("{}", value), fmt::format("give {} to {}", least, most));
}

Status CheckSizes(const SchedulerPolicy& policy) {
  const bool prefill_first = policy.kind == Kind::kPrefillFirst;
  RL_RETURN_IF_ERROR(CheckNumber("num_ranks", policy.num_ranks, 1, kMaxRanks));
  RL_RETURN_IF_ERROR(
      CheckNumber("max_running_requests", policy.max_running_requests, 1, kMostRequests));
  RL_RETURN_IF_ERROR(CheckNumber("step_token_budget", policy.step_token_budget,
                                 prefill_first ? 0 : 1, kMostStepTokens));
  RL_RETURN_IF_ERROR(
      CheckNumber("max_prefill_tokens", policy.max_prefill_tokens, 1, kMostStepTokens));
  RL_RETURN_IF_ERROR(CheckNumber("page_size", policy.page_size, 1, kMaxPageSize));
  return CheckNumber("kv_tokens", policy.kv_tokens, policy.page_size, kMostKvTokens);
}

Status CheckRatios(const SchedulerPolicy& policy) {
  RL_RETURN_IF_ERROR(
      CheckNumber("initial_new_token_ratio", policy.initial_new_token_ratio, 0.0, 1.0));
  RL_RETURN_IF_ERROR(
      CheckNumber("min_new_token_ratio_factor", policy.min_new_token_ratio_factor, 0.0, 1.0));
  RL_RETURN_IF_ERROR(CheckNumber("new_token_ratio_decay_steps", policy.new_token_ratio_decay_steps,
                                 1, kMostRequests));
  return CheckNumber("conservativeness", policy.conservativeness, 0.0, 100.0);
}

Status CheckSpeculation(const SchedulerPolicy& policy) {
  RL_RETURN_IF_ERROR(CheckNumber("draft_tokens", policy.draft_tokens, 0, 64));
  const double most = 1 + static_cast<double>(policy.draft_tokens);
  if (policy.acceptance_length >= 1 && policy.acceptance_length <= most) return OkStatus();
  return Refused(
      "acceptance_length", fmt::format("{}", policy.acceptance_length),
      fmt::format("with {} draft_tokens a step yields 1 to {}", policy.draft_tokens, most));
}

Status CheckHost(const SchedulerPolicy& policy) {
  RL_RETURN_IF_ERROR(CheckNumber("frontend_seconds_per_request",
                                 policy.frontend_seconds_per_request, 0.0, kMostHostSeconds));
  RL_RETURN_IF_ERROR(
      CheckNumber("response_seconds", policy.response_seconds, 0.0, kMostHostSeconds));
  return CheckNumber("host_seconds_per_step", policy.host_seconds_per_step, 0.0, kMostHostSeconds);
}

// What only some schedulers have.
Status CheckKind(const SchedulerPolicy& policy) {
  const std::string name(NameOf(policy.kind));
  if (policy.admits_whole_prompts && policy.kind != Kind::kMixed)
    return Refused("admits_whole_prompts", "true", "it is a choice of mixed alone: leave it out");
  if (policy.kind == Kind::kPrefillFirst) {
    if (!policy.chunk_prompts)
      return Refused("chunk_prompts", "false",
                     "for " + name + " a step_token_budget of 0 is what switches chunks off");
    const bool cuts = policy.step_token_budget > 0;
    if (cuts && policy.step_token_budget < policy.page_size)
      return Refused("step_token_budget", fmt::format("{}", policy.step_token_budget),
                     fmt::format("chunks are whole pages: give at least page_size ({}), or 0",
                                 policy.page_size));
    if (policy.mixed_chunk && !cuts)
      return Refused("mixed_chunk", "true", "it takes chunks: give a step_token_budget");
    if (policy.mixed_chunk && policy.draft_tokens > 0)
      return Refused("mixed_chunk", "true", "it does not go with speculation: drop draft_tokens");
    return OkStatus();
  }
  if (policy.mixed_chunk)
    return Refused("mixed_chunk", "true", "steps of " + name + " are always mixed: leave it out");
  if (policy.step_token_budget < 1 + policy.draft_tokens)
    return Refused("step_token_budget", fmt::format("{}", policy.step_token_budget),
                   fmt::format("one decode takes 1 + {} draft_tokens", policy.draft_tokens));
  return OkStatus();
}

}  // namespace

std::string_view NameOf(SchedulerPolicy::Kind kind) {
  switch (kind) {
    case Kind::kPrefillFirst:
      return "prefill_first";
    case Kind::kMixed:
      return "mixed";
    case Kind::kInflight:
      return "inflight";
  }
  return "";
}

Status ValidatePolicy(const SchedulerPolicy& policy) {
  RL_RETURN_IF_ERROR(CheckSizes(policy));
  RL_RETURN_IF_ERROR(CheckRatios(policy));
  RL_RETURN_IF_ERROR(CheckSpeculation(policy));
  RL_RETURN_IF_ERROR(CheckHost(policy));
  return CheckKind(policy);
}

}  // namespace redline::planner
