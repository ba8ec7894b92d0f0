#include "planner/simulate/mixed_scheduler.h"

#include <fmt/format.h>

#include <algorithm>

namespace redline::planner {

MixedScheduler::MixedScheduler(const SchedulerPolicy& policy, const PromptSource* source)
    : RankScheduler(policy, source),
      max_running_(std::min(policy.max_running_requests,
                            policy.step_token_budget / (1 + policy.draft_tokens))) {}

std::string MixedScheduler::WhyNeverAdmitted(const EngineRequest& request) const {
  const int64_t num_tokens = int64_t{request.input_tokens} + request.max_tokens;
  const int64_t num_pages = PagesFor(num_tokens + 2 * policy_.draft_tokens);
  if (num_pages > capacity_pages())
    return fmt::format("{} tokens in and up to {} out take {} pages of the KV cache, which has {}",
                       request.input_tokens, request.max_tokens, num_pages, capacity_pages());
  if (!policy_.chunk_prompts && num_tokens > policy_.step_token_budget)
    return fmt::format("{} tokens in and up to {} out: prompts are not cut, and a step has {}",
                       request.input_tokens, request.max_tokens, policy_.step_token_budget);
  return {};
}

// What was computed stays in the cache, until its pages are needed.
int64_t MixedScheduler::TokensKeptOf(const RankRequest& request) const {
  return request.state == RankRequest::State::kDecode ? decodes_.ContextOf(request.member)
                                                      : request.num_computed;
}

void MixedScheduler::PlanStep() {
  bool may_admit = !GrowDecodes();
  int64_t budget = policy_.step_token_budget;
  if (decodes_.size() > 0) {
    RunDecodes();
    budget -= decodes_.size() * tokens_per_decode();
  }
  if (partial_ != RankRequest::kNone) may_admit &= ContinuePrompt(budget);
  if (may_admit && !is_blocked_ && num_waiting() > 0) AdmitWaiting(budget);
}

bool MixedScheduler::GrowDecodes() {
  bool has_preempted = false;
  while (decodes_.NumPagesToGrow() > available_pages()) {
    Preempt(last_running_, Requeue::kFront);
    has_preempted = true;
  }
  TakeGrowth();
  return has_preempted;
}

int64_t MixedScheduler::PrivatePagesAt(const RankRequest& request, int64_t num_computed) const {
  const bool is_whole = num_computed == request.NumPrefillTokens();
  return PagesFor(num_computed + (is_whole ? policy_.draft_tokens : 0)) - request.shared_pages;
}

bool MixedScheduler::ContinuePrompt(int64_t& budget) {
  RankRequest& request = At(partial_);
  const int64_t left = request.NumPrefillTokens() - request.num_computed;
  const int64_t num_tokens = std::min(left, budget);
  if (num_tokens <= 0) return false;
  const int64_t num_pages = PrivatePagesAt(request, request.num_computed + num_tokens);
  const int64_t missing = std::max<int64_t>(num_pages - request.private_pages, 0);
  if (missing > available_pages()) {
    Preempt(partial_, Requeue::kFront);
    return false;
  }
  TakePages(missing);
  request.private_pages += missing;
  AddChunk(partial_, num_tokens);
  budget -= num_tokens;
  return num_tokens == left;
}

int64_t MixedScheduler::PagesToAdmit(const RankRequest& request, int64_t num_tokens) const {
  return PrivatePagesAt(request, policy_.admits_whole_prompts ? request.NumPrefillTokens()
                                                              : request.num_computed + num_tokens);
}

void MixedScheduler::AdmitWaiting(int64_t budget) {
  bool is_whole = true;
  while (is_whole && budget > 0 && num_running() < max_running_) {
    const uint32_t slot = FirstWaiting();
    if (slot == RankRequest::kNone) return;
    RankRequest& request = At(slot);
    HoldPrefix(request);
    const int64_t left = request.NumPrefillTokens() - request.num_computed;
    const int64_t num_tokens = std::min(left, budget);
    const bool fits_budget = num_tokens == left || policy_.chunk_prompts;
    const int64_t num_pages = PagesToAdmit(request, num_tokens);
    const int64_t spare_pages = policy_.admits_whole_prompts ? num_running() : 0;
    if (!fits_budget || num_pages + spare_pages > available_pages()) {
      is_blocked_ = fits_budget;  // a budget is new in each step, pages are not
      return DropPrefix(request);
    }
    AdmitFirst(num_pages);
    AddChunk(slot, num_tokens);
    budget -= num_tokens;
    is_whole = num_tokens == left;
  }
}

}  // namespace redline::planner
