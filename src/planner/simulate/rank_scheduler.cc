#include "planner/simulate/rank_scheduler.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace redline::planner {

using State = RankRequest::State;

RankScheduler::RankScheduler(const SchedulerPolicy& policy, const PromptSource* source)
    : policy_(policy),
      capacity_pages_(policy.kv_tokens / policy.page_size),
      decodes_(policy.page_size, policy.draft_tokens, policy.acceptance_length),
      source_(policy.prefix_cache ? source : nullptr),
      shares_prompts_(source_ != nullptr && source_->SharesPrompts()),
      free_pages_(capacity_pages_),
      tree_(policy.page_size) {}

// ---- what comes and goes

Result<RankScheduler::Handle> RankScheduler::Add(const EngineRequest& request) {
  if (request.input_tokens < 1 || request.output_tokens < 1 ||
      request.output_tokens > request.max_tokens ||
      request.max_tokens > std::numeric_limits<int32_t>::max() - request.input_tokens)
    return InvalidArgument(
        "a request has at least 1 token in, 1 to max_tokens out, and both "
        "together within 31 bits");
  std::string why = WhyNeverAdmitted(request);
  if (!why.empty()) return Status(Code::kTooLarge, std::move(why));
  const uint32_t slot = NewSlot();
  slots_[slot].request = request;
  slots_[slot].state = State::kWaiting;
  waiting_.push_back({slot, slots_[slot].generation});
  ++num_waiting_;
  return Handle{slot, slots_[slot].generation};
}

bool RankScheduler::Cancel(Handle handle) {
  if (handle.slot >= slots_.size()) return false;
  const RankRequest& request = slots_[handle.slot];
  if (request.generation != handle.generation || request.state == State::kFree) return false;
  if (is_stepping_ && request.state != State::kWaiting) {
    cancelled_in_step_.push_back({handle.slot, handle.generation});
  } else {
    CancelNow(handle.slot);
  }
  return true;
}

void RankScheduler::CancelNow(uint32_t slot) {
  RankRequest& request = slots_[slot];
  if (request.state == State::kDecode)
    request.num_generated = static_cast<int32_t>(GeneratedOf(request));
  Tell(RequestEvent::Kind::kCancelled, request);
  if (request.state == State::kWaiting) {
    --num_waiting_;
  } else {
    Unlink(slot);
    ReleasePages(request);
  }
  is_blocked_ = false;
  FreeSlot(slot);
}

uint32_t RankScheduler::NewSlot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    return static_cast<uint32_t>(slots_.size() - 1);
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void RankScheduler::FreeSlot(uint32_t slot) {
  const uint32_t generation = slots_[slot].generation + 1;
  slots_[slot] = {};
  slots_[slot].generation = generation;
  free_slots_.push_back(slot);
}

uint32_t RankScheduler::FirstWaiting() {
  while (!waiting_.empty() &&
         slots_[waiting_.front().slot].generation != waiting_.front().generation)
    waiting_.pop_front();
  return waiting_.empty() ? RankRequest::kNone : waiting_.front().slot;
}

// ---- pages

void RankScheduler::TakePages(int64_t count) {
  if (count > free_pages_) {
    const int64_t before = tree_.num_pages();
    tree_.Evict(count - free_pages_);
    free_pages_ += before - tree_.num_pages();
  }
  free_pages_ -= count;
}

int64_t RankScheduler::PrivatePagesOf(const RankRequest& request) const {
  if (request.state != State::kDecode || !grows_pages_) return request.private_pages;
  return decodes_.NumPagesOf(request.member) - request.shared_pages;
}

void RankScheduler::ReleasePages(RankRequest& request) {
  free_pages_ += PrivatePagesOf(request);
  request.private_pages = 0;
  if (request.state == State::kDecode) decodes_.Remove(request.member);
  request.member = {};
  DropPrefix(request);
  is_blocked_ = false;
}

void RankScheduler::AppendContext(const RankRequest& request) {
  pieces_.clear();
  if (source_ != nullptr) source_->AppendContext(request.request.tag, pieces_);
}

void RankScheduler::HoldPrefix(RankRequest& request) {
  request.num_computed = 0;
  if (!shares_prompts_ && request.num_preemptions == 0) return;
  AppendContext(request);
  if (pieces_.empty()) return;
  // The last token is computed in any case: its logits are wanted.
  const PrefixTree::Prefix prefix = tree_.HoldPrefix(pieces_, request.NumPrefillTokens() - 1);
  request.node = prefix.node;
  request.shared_pages = prefix.num_pages;
  request.num_computed = prefix.num_pages * policy_.page_size;
}

void RankScheduler::DropPrefix(RankRequest& request) {
  if (request.node != PrefixTree::kNone) tree_.Release(request.node);
  request.node = PrefixTree::kNone;
  request.shared_pages = 0;
  request.num_computed = 0;
}

void RankScheduler::Share(RankRequest& request, int64_t num_tokens) {
  AppendContext(request);
  if (pieces_.empty()) return;
  const int64_t tree_pages = tree_.num_pages();
  const PrefixTree::Prefix prefix = tree_.Insert(pieces_, num_tokens);
  if (request.node != PrefixTree::kNone) tree_.Release(request.node);
  request.node = prefix.node;
  const int64_t moved = prefix.num_pages - request.shared_pages;
  request.shared_pages = prefix.num_pages;
  request.private_pages -= moved;
  // What another one had computed meanwhile is there once.
  free_pages_ += moved - (tree_.num_pages() - tree_pages);
}

// ---- steps

RankStep RankScheduler::NextStep() {
  step_prefill_.clear();
  step_chunks_.clear();
  runs_decodes_ = false;
  if (!HasRequests()) {
    OnIdle();
    return {};
  }
  PlanStep();
  stats_.peak_running = std::max(stats_.peak_running, num_running_);
  stats_.peak_kv_pages = std::max(stats_.peak_kv_pages, used_pages());
  RankStep step;
  step.prefill = step_prefill_;
  for (const Chunk& chunk : step_chunks_) {
    const RankRequest& request = slots_[chunk.slot];
    step.sampled_rows += request.num_computed + chunk.num_tokens == request.NumPrefillTokens();
  }
  if (runs_decodes_) {
    step.decode_requests = decodes_.size();
    step.decode_context_tokens = decodes_.context_tokens();
    step.sampled_rows += decodes_.size() * tokens_per_decode();
  }
  is_stepping_ = !step.is_idle();
  return step;
}

void RankScheduler::AdmitFirst(int64_t num_pages) {
  const uint32_t slot = waiting_.front().slot;
  waiting_.pop_front();
  --num_waiting_;
  ++num_running_;
  RankRequest& request = slots_[slot];
  request.state = State::kPrefill;
  if (!request.was_admitted) request.cached_tokens = static_cast<int32_t>(request.num_computed);
  request.was_admitted = true;
  TakePages(num_pages);
  request.private_pages = num_pages;
  request.previous = last_running_;
  request.next = RankRequest::kNone;
  (last_running_ == RankRequest::kNone ? first_running_ : slots_[last_running_].next) = slot;
  last_running_ = slot;
}

void RankScheduler::Unlink(uint32_t slot) {
  const RankRequest& request = slots_[slot];
  if (partial_ == slot) partial_ = RankRequest::kNone;
  (request.previous == RankRequest::kNone ? first_running_ : slots_[request.previous].next) =
      request.next;
  (request.next == RankRequest::kNone ? last_running_ : slots_[request.next].previous) =
      request.previous;
  --num_running_;
}

void RankScheduler::AddChunk(uint32_t slot, int64_t num_tokens) {
  step_chunks_.push_back({slot, num_tokens});
  step_prefill_.push_back({.new_tokens = num_tokens, .prefix_tokens = slots_[slot].num_computed});
}

int64_t RankScheduler::GeneratedOf(const RankRequest& request) const {
  if (request.state != State::kDecode) return request.num_generated;
  return request.request.output_tokens - decodes_.RemainingOf(request.member);
}

void RankScheduler::Preempt(uint32_t slot, Requeue where) {
  RankRequest& request = slots_[slot];
  const int64_t num_kept = TokensKeptOf(request);
  if (num_kept > 0) Share(request, num_kept);
  request.num_generated = static_cast<int32_t>(GeneratedOf(request));
  Unlink(slot);
  ReleasePages(request);
  request.state = State::kWaiting;
  ++request.num_preemptions;
  ++stats_.num_preemptions;
  ++num_waiting_;
  const Waiting entry = {slot, request.generation};
  if (where == Requeue::kFront) {
    waiting_.push_front(entry);
  } else {
    waiting_.push_back(entry);
  }
}

void RankScheduler::Complete(std::vector<RequestEvent>* events) {
  events_ = events;
  is_stepping_ = false;
  if (runs_decodes_) {
    decodes_.Advance();
    DecodeBatch::Due due;
    while (decodes_.PopDue(due))
      if (slots_[due.slot].member.sequence == due.sequence) Finish(due.slot);
  }
  for (const Chunk& chunk : step_chunks_) CompleteChunk(chunk);
  for (const Waiting& entry : cancelled_in_step_)
    if (slots_[entry.slot].generation == entry.generation) CancelNow(entry.slot);
  cancelled_in_step_.clear();
  events_ = nullptr;
}

void RankScheduler::CompleteChunk(const Chunk& chunk) {
  RankRequest& request = slots_[chunk.slot];
  request.num_computed += chunk.num_tokens;
  const bool is_whole = request.num_computed == request.NumPrefillTokens();
  partial_ = is_whole ? RankRequest::kNone : chunk.slot;
  if (is_whole) CompletePrefill(chunk.slot);
}

void RankScheduler::CompletePrefill(uint32_t slot) {
  RankRequest& request = slots_[slot];
  const int64_t context_tokens = request.NumPrefillTokens();
  if (shares_prompts_) Share(request, context_tokens);
  // What waits may find its prefix now. SGLang looks again only when a request leaves.
  if (policy_.kind != SchedulerPolicy::Kind::kPrefillFirst) is_blocked_ = false;
  if (request.num_generated++ == 0) Tell(RequestEvent::Kind::kFirstToken, request);
  const int64_t remaining = request.request.output_tokens - request.num_generated;
  if (remaining == 0) return Finish(slot);
  request.member = decodes_.Add(slot, context_tokens, remaining);
  request.state = State::kDecode;
}

void RankScheduler::Finish(uint32_t slot) {
  RankRequest& request = slots_[slot];
  // The last token was never fed back: it is not in the KV cache.
  if (shares_prompts_)
    Share(request, int64_t{request.request.input_tokens} + request.request.output_tokens - 1);
  request.num_generated = request.request.output_tokens;
  Unlink(slot);
  ReleasePages(request);
  Tell(RequestEvent::Kind::kFinished, request);
  FreeSlot(slot);
}

void RankScheduler::Tell(RequestEvent::Kind kind, const RankRequest& request) {
  if (events_ == nullptr) return;
  events_->push_back({.kind = kind,
                      .tag = request.request.tag,
                      .output_tokens = request.num_generated,
                      .cached_tokens = request.cached_tokens,
                      .num_preemptions = request.num_preemptions});
}

void RankScheduler::ForEachDecoding(
    const std::function<void(uint64_t tag, int64_t num_generated)>& visit) const {
  for (uint32_t slot = first_running_; slot != RankRequest::kNone; slot = slots_[slot].next)
    if (slots_[slot].state == State::kDecode)
      visit(slots_[slot].request.tag, GeneratedOf(slots_[slot]));
}

}  // namespace redline::planner
