#include "planner/simulate/inflight_scheduler.h"

#include <fmt/format.h>

#include <algorithm>

namespace redline::planner {

InflightScheduler::InflightScheduler(const SchedulerPolicy& policy, const PromptSource* source)
    : RankScheduler(policy, source),
      max_running_(std::min(policy.max_running_requests,
                            policy.step_token_budget / (1 + policy.draft_tokens))) {
  grows_pages_ = false;
}

int64_t InflightScheduler::WholeLifePages(const EngineRequest& request) const {
  return PagesFor(int64_t{request.input_tokens} + request.max_tokens + policy_.draft_tokens);
}

std::string InflightScheduler::WhyNeverAdmitted(const EngineRequest& request) const {
  const int64_t num_pages = WholeLifePages(request);
  if (num_pages > capacity_pages())
    return fmt::format("{} tokens in and up to {} out take {} pages of the KV cache, which has {}",
                       request.input_tokens, request.max_tokens, num_pages, capacity_pages());
  if (!policy_.chunk_prompts && request.input_tokens > policy_.step_token_budget)
    return fmt::format("{} tokens in: prompts are not cut, and a step has {}", request.input_tokens,
                       policy_.step_token_budget);
  if (policy_.step_token_budget < policy_.page_size &&
      request.input_tokens > policy_.step_token_budget)
    return fmt::format("{} tokens in: pieces are whole pages of {}, and a step has {}",
                       request.input_tokens, policy_.page_size, policy_.step_token_budget);
  return {};
}

int64_t InflightScheduler::ChunkOf(int64_t left, int64_t budget) const {
  if (left <= budget) return left;
  if (!policy_.chunk_prompts || budget <= 0) return 0;
  return budget / policy_.page_size * policy_.page_size;
}

void InflightScheduler::PlanStep() {
  int64_t budget = policy_.step_token_budget;
  if (decodes_.size() > 0) {
    RunDecodes();
    budget -= decodes_.size() * tokens_per_decode();
  }
  if (partial_ != RankRequest::kNone) {
    const RankRequest& request = At(partial_);
    const int64_t left = request.NumPrefillTokens() - request.num_computed;
    const int64_t num_tokens = ChunkOf(left, budget);
    if (num_tokens > 0) AddChunk(partial_, num_tokens);
    if (num_tokens < left) return;
    budget -= num_tokens;
  }
  if (!is_blocked_) AdmitWaiting(budget);
}

void InflightScheduler::AdmitWaiting(int64_t budget) {
  while (budget > 0 && num_running() < max_running_) {
    const uint32_t slot = FirstWaiting();
    if (slot == RankRequest::kNone) return;
    RankRequest& request = At(slot);
    HoldPrefix(request);
    const int64_t left = request.NumPrefillTokens() - request.num_computed;
    const int64_t num_tokens = ChunkOf(left, budget);
    const int64_t num_pages = WholeLifePages(request.request) - request.shared_pages;
    is_blocked_ = num_pages > available_pages();
    if (is_blocked_ || num_tokens == 0) return DropPrefix(request);
    AdmitFirst(num_pages);
    AddChunk(slot, num_tokens);
    if (num_tokens < left) return;
    budget -= num_tokens;
  }
}

}  // namespace redline::planner
