#include "planner/simulate/prefill_first_scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

namespace redline::planner {
namespace {

constexpr int64_t kMostReservedTokens = 4096;  // SGLANG_CLIP_MAX_NEW_TOKENS_ESTIMATION
constexpr int64_t kRetractDecodeSteps = 20;    // SGLANG_RETRACT_DECODE_STEPS

}  // namespace

PrefillFirstScheduler::PrefillFirstScheduler(const SchedulerPolicy& policy,
                                             const PromptSource* source)
    : RankScheduler(policy, source),
      initial_ratio_(std::min(policy.initial_new_token_ratio * policy.conservativeness, 1.0)),
      min_ratio_(initial_ratio_ * policy.min_new_token_ratio_factor),
      ratio_decay_((initial_ratio_ - min_ratio_) /
                   static_cast<double>(policy.new_token_ratio_decay_steps)),
      new_token_ratio_(initial_ratio_) {}

std::string PrefillFirstScheduler::WhyNeverAdmitted(const EngineRequest& request) const {
  // Admission asks for a page more than the request takes, and for more than it asks.
  const int64_t num_tokens =
      CeilToPage(int64_t{request.input_tokens} + request.max_tokens + 2 * policy_.draft_tokens) +
      policy_.page_size;
  const int64_t capacity = capacity_pages() * policy_.page_size;
  if (num_tokens < capacity) return {};
  return fmt::format(
      "{} tokens in and up to {} out are admitted with more than {} free tokens in the KV cache, "
      "which has {}",
      request.input_tokens, request.max_tokens, num_tokens, capacity);
}

// The prompt was put into the tree when it was computed; the answer since then is not.
int64_t PrefillFirstScheduler::TokensKeptOf(const RankRequest& request) const {
  return request.state == RankRequest::State::kDecode ? request.NumPrefillTokens() - 1 : 0;
}

void PrefillFirstScheduler::PlanStep() {
  if (policy_.mixed_chunk && decodes_.size() > 0) {
    GrowDecodes();
    PlanPrefill(decodes_.size());
    RunDecodes();
    return;
  }
  if (!PlanPrefill(0)) PlanDecode();
}

void PrefillFirstScheduler::PlanDecode() {
  if (decodes_.size() == 0) return;
  GrowDecodes();
  RunDecodes();
}

// ---- prompts

bool PrefillFirstScheduler::PlanPrefill(int64_t num_mixed) {
  const bool has_partial = partial_ != RankRequest::kNone;
  const bool may_admit =
      num_waiting() > 0 && !is_blocked_ && num_running() < policy_.max_running_requests;
  if (!has_partial && !may_admit) return false;
  Budget budget = NewBudget(num_mixed);
  if (budget.total <= 0) is_blocked_ = true;
  bool has_prompts = has_partial && ContinuePrompt(budget);
  if (!may_admit) return has_prompts;
  while (num_running() < policy_.max_running_requests && !budget.IsSpent() &&
         AdmitOne(budget, !has_prompts))
    has_prompts = true;
  return has_prompts;
}

int64_t PrefillFirstScheduler::RemainingOf(const RankRequest& request) const {
  return std::min(request.request.max_tokens - GeneratedOf(request), kMostReservedTokens);
}

PrefillFirstScheduler::Budget PrefillFirstScheduler::NewBudget(int64_t num_mixed) const {
  int64_t to_come = 0;
  for (uint32_t slot = first_running_; slot != RankRequest::kNone; slot = At(slot).next)
    if (At(slot).state == RankRequest::State::kDecode) to_come += RemainingOf(At(slot));
  const auto kept = static_cast<int64_t>(static_cast<double>(to_come) * new_token_ratio_);
  const bool cuts = policy_.step_token_budget > 0;
  return {
      .total = available_pages() * policy_.page_size - kept,
      .input = policy_.max_prefill_tokens - num_mixed,
      .chunk = cuts ? policy_.step_token_budget - num_mixed : std::numeric_limits<int64_t>::max()};
}

bool PrefillFirstScheduler::ContinuePrompt(Budget& budget) {
  const RankRequest& request = At(partial_);
  const int64_t left = request.NumPrefillTokens() - request.num_computed;
  const int64_t num_tokens = std::min(left, budget.chunk);
  if (num_tokens <= 0) return false;
  AddChunk(partial_, num_tokens);
  budget.input -= CeilToPage(num_tokens);
  budget.chunk -= CeilToPage(num_tokens);
  // The last piece: from now on the answer counts.
  budget.total = num_tokens < left ? 0 : budget.total - RemainingOf(request);
  return true;
}

bool PrefillFirstScheduler::AdmitOne(Budget& budget, bool is_first) {
  const uint32_t slot = FirstWaiting();
  if (slot == RankRequest::kNone) return false;
  RankRequest& request = At(slot);
  const int64_t before = available_pages();
  HoldPrefix(request);
  budget.total -= (before - available_pages()) * policy_.page_size;
  const auto close = [&](bool is_blocked) {
    is_blocked_ = is_blocked;
    DropPrefix(request);
    return false;
  };
  const int64_t left = request.NumPrefillTokens() - request.num_computed;
  const int64_t answer = RemainingOf(request);
  const int64_t num_pages =
      PagesFor(request.NumPrefillTokens() + policy_.draft_tokens) - request.shared_pages;
  if (left + answer + policy_.page_size >= budget.total) return close(true);
  if (num_pages > available_pages()) return close(true);
  const int64_t input = CeilToPage(left);
  if (input >= budget.input && !is_first) return close(false);
  const bool is_whole = input <= budget.chunk;
  const int64_t num_tokens = is_whole ? left : budget.chunk / policy_.page_size * policy_.page_size;
  if (num_tokens == 0) return close(false);
  AdmitFirst(num_pages);
  AddChunk(slot, num_tokens);
  budget.total -= num_pages * policy_.page_size + answer;
  budget.input -= CeilToPage(num_tokens);
  budget.chunk -= is_whole ? input : budget.chunk;  // one prompt is cut, and it is the last
  if (budget.total <= 0) is_blocked_ = true;
  return true;
}

// ---- answers

void PrefillFirstScheduler::GrowDecodes() {
  if (decodes_.NumPagesToGrow() > available_pages()) {
    Retract();
  } else {
    new_token_ratio_ = std::max(new_token_ratio_ - ratio_decay_, min_ratio_);
  }
  TakeGrowth();
}

void PrefillFirstScheduler::Retract() {
  victims_.clear();
  for (uint32_t slot = first_running_; slot != RankRequest::kNone; slot = At(slot).next)
    if (At(slot).state == RankRequest::State::kDecode) victims_.push_back(slot);
  std::stable_sort(victims_.begin(), victims_.end(), [this](uint32_t a, uint32_t b) {
    const auto key = [this](uint32_t slot) {
      return std::tuple(-GeneratedOf(At(slot)), At(slot).request.input_tokens);
    };
    return key(a) < key(b);
  });
  const auto has_room = [this] {
    return PagesFor(decodes_.size() * kRetractDecodeSteps) <= available_pages() &&
           decodes_.NumPagesToGrow() <= available_pages();
  };
  while (victims_.size() > 1 && !has_room()) {
    Preempt(victims_.back(), Requeue::kBack);
    victims_.pop_back();
  }
  // Only a prompt under way can still be in the way of the last one.
  if (decodes_.NumPagesToGrow() > available_pages()) Preempt(partial_, Requeue::kFront);
  int64_t num_generated = 0;
  int64_t num_asked = 1;
  for (const uint32_t slot : victims_) {
    num_generated += GeneratedOf(At(slot)) + kRetractDecodeSteps;
    num_asked += At(slot).request.max_tokens;
  }
  new_token_ratio_ =
      std::min(1.0, static_cast<double>(num_generated) / static_cast<double>(num_asked));
}

}  // namespace redline::planner
