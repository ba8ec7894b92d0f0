#include "engine/runtime/scheduler.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/runtime/ngram_drafts.h"

namespace redline::engine {
namespace {

using Sequences = std::deque<std::unique_ptr<Sequence>>;

std::unique_ptr<Sequence> TakeById(Sequences& sequences, RequestId id) {
  const auto found = std::find_if(sequences.begin(), sequences.end(),
                                  [id](const auto& sequence) { return sequence->id == id; });
  if (found == sequences.end()) return nullptr;
  std::unique_ptr<Sequence> sequence = std::move(*found);
  sequences.erase(found);
  return sequence;
}

// Inserts where its arrival belongs; nearly always at one of the ends.
void InsertByArrival(Sequences& sequences, std::unique_ptr<Sequence> sequence) {
  const auto place =
      std::upper_bound(sequences.begin(), sequences.end(), sequence,
                       [](const auto& a, const auto& b) { return a->arrival < b->arrival; });
  sequences.insert(place, std::move(sequence));
}

}  // namespace

void Scheduler::Enqueue(std::unique_ptr<Sequence> sequence) {
  sequence->arrival = next_arrival_++;
  waiting_.push_back(std::move(sequence));
}

std::unique_ptr<Sequence> Scheduler::Remove(RequestId id) {
  std::unique_ptr<Sequence> sequence = TakeById(running_, id);
  if (sequence == nullptr) sequence = TakeById(waiting_, id);
  if (sequence != nullptr) pages_->Release(*sequence);
  return sequence;
}

std::vector<std::unique_ptr<Sequence>> Scheduler::RemoveAll() {
  std::vector<std::unique_ptr<Sequence>> all;
  for (Sequences* sequences : {&running_, &waiting_}) {
    std::move(sequences->begin(), sequences->end(), std::back_inserter(all));
    sequences->clear();
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a->arrival < b->arrival; });
  for (const auto& sequence : all) pages_->Release(*sequence);
  return all;
}

StepPlan Scheduler::Schedule() {
  StepPlan plan;
  ScheduleDecodes(plan);
  SchedulePrefills(plan);
  AdmitWaiting(plan);
  ScheduleDrafts(plan);
  return plan;
}

void Scheduler::ScheduleDecodes(StepPlan& plan) {
  // Oldest first, so that a preemption never hits a sequence that is already in the plan.
  for (size_t index = 0; index < running_.size(); ++index) {
    if (running_[index]->num_to_compute() != 1) continue;
    if (!GrowPages(index, plan)) return;  // it was the newest, and gave way itself
    AddSlice(*running_[index], plan);
  }
}

void Scheduler::SchedulePrefills(StepPlan& plan) {
  for (const auto& sequence : running_) {
    if (sequence->num_to_compute() <= 1) continue;
    // Others with the same beginning may have computed some of it in the meantime.
    if (plan.num_rows < options_.chunked_prefill_size) pages_->Adopt(*sequence);
    AddSlice(*sequence, plan);
  }
}

void Scheduler::AdmitWaiting(StepPlan& plan) {
  const auto has_room = [&] {
    return num_running() < options_.max_running_requests &&
           plan.num_rows < options_.chunked_prefill_size;
  };
  if (waiting_.empty() || !has_room()) return;
  for (Sequence* sequence : WaitingInOrder()) {
    if (!has_room() || !HoldPages(*sequence)) return;
    MoveToRunning(*sequence, plan);
    AddSlice(*sequence, plan);
  }
}

// Of the sequences that are decoded, oldest first, from what the step has left.
void Scheduler::ScheduleDrafts(StepPlan& plan) {
  if (options_.num_draft_tokens == 0) return;
  int64_t num_looked_at = 0;
  for (ScheduledSlice& slice : plan.slices) {
    Sequence& sequence = *slice.sequence;
    if (slice.num_tokens != 1 || !slice.completes() || !sequence.may_draft()) continue;
    const int64_t most =
        std::min({options_.num_draft_tokens, options_.chunked_prefill_size - plan.num_rows,
                  options_.max_extra_logits_rows - plan.num_extra_logits_rows,
                  sequence.sampling.max_tokens - sequence.num_output() - 1});
    if (most <= 0) continue;
    if (++num_looked_at > options_.max_drafting_sequences) return;
    std::vector<TokenId> drafts = NgramDrafts(sequence.tokens, most);
    const auto num_drafts = static_cast<int64_t>(drafts.size());
    // The head-room of whoever runs stays.
    const int64_t missing = pages_->NumMissing(sequence, num_drafts);
    if (missing > 0 && missing + num_running() > pages_->num_available()) continue;
    if (!pages_->Grow(sequence, num_drafts)) continue;
    slice.drafts = std::move(drafts);
    plan.num_rows += num_drafts;
    plan.num_extra_logits_rows += num_drafts;
    plan.num_draft_tokens += num_drafts;
  }
}

// Those that may be admitted now, in the order of the policy. Who has been running before (and was
// preempted) comes first in any.
std::vector<Sequence*> Scheduler::WaitingInOrder() const {
  const bool compares = options_.policy == SchedulePolicy::kLpm;
  const int64_t most = compares ? SchedulerOptions::kMaxCompared : options_.max_running_requests;
  struct Candidate {
    bool first = false;
    int64_t cached_tokens = 0;
    Sequence* sequence = nullptr;
  };
  std::vector<Candidate> candidates;
  for (const auto& sequence : waiting_) {
    if (static_cast<int64_t>(candidates.size()) == most) break;
    const bool first =
        sequence->was_preempted || sequence->num_overtaken >= SchedulerOptions::kMaxOvertaken;
    candidates.push_back(
        {first, compares && !first ? pages_->CountCachedTokens(*sequence) : 0, sequence.get()});
  }
  const auto rank = [](const Candidate& candidate) {
    return std::tuple(!candidate.first, -candidate.cached_tokens);
  };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  std::vector<Sequence*> sequences;
  for (const Candidate& candidate : candidates) sequences.push_back(candidate.sequence);
  return sequences;
}

// Gives a waiting sequence all of its pages, those in the prefix cache first. False, and it holds
// none, when there are too few.
bool Scheduler::HoldPages(Sequence& sequence) {
  pages_->Adopt(sequence);
  // A page of head-room for each sequence that is running: else the next step would preempt what
  // this one admits.
  const bool fits = pages_->NumMissing(sequence) + num_running() <= pages_->num_available();
  if (fits && pages_->Grow(sequence)) return true;
  sequence.num_cached_tokens = sequence.was_preempted ? sequence.num_cached_tokens : 0;
  pages_->Release(sequence);
  return false;
}

void Scheduler::MoveToRunning(Sequence& sequence, StepPlan& plan) {
  for (const auto& waiting : waiting_) {
    if (waiting->arrival >= sequence.arrival) break;
    ++waiting->num_overtaken;
  }
  if (!sequence.was_admitted) plan.admitted.push_back(&sequence);
  sequence.was_admitted = true;
  InsertByArrival(running_, TakeById(waiting_, sequence.id));
}

// Makes the pages of running_[index] cover all of its tokens. False: it was preempted for lack of
// pages itself.
bool Scheduler::GrowPages(size_t running_index, StepPlan& plan) {
  Sequence& sequence = *running_[running_index];
  while (!pages_->Grow(sequence)) {
    const bool gives_way_itself = running_index + 1 == running_.size();
    PreemptNewest(plan);
    if (gives_way_itself) return false;
  }
  return true;
}

void Scheduler::PreemptNewest(StepPlan& plan) {
  std::unique_ptr<Sequence> sequence = std::move(running_.back());
  running_.pop_back();
  pages_->Release(*sequence);
  sequence->was_preempted = true;
  InsertByArrival(waiting_, std::move(sequence));
  ++plan.num_preempted;
}

void Scheduler::AddSlice(Sequence& sequence, StepPlan& plan) const {
  const int64_t rows_left = options_.chunked_prefill_size - plan.num_rows;
  int64_t num_tokens = std::min(sequence.num_to_compute(), rows_left);
  int64_t num_logits = 0;
  const int64_t first_logprob = sequence.first_prompt_logprob_to_come();
  if (first_logprob < sequence.num_tokens()) {
    // From here on each row's logits are wanted, of which a step has only so many.
    const int64_t rows_before = std::max<int64_t>(first_logprob - sequence.num_computed, 0);
    const int64_t logits_left = options_.max_extra_logits_rows - plan.num_extra_logits_rows;
    num_tokens = std::min(num_tokens, rows_before + logits_left);
    num_logits = std::max<int64_t>(num_tokens - rows_before, 0);
    plan.num_extra_logits_rows += num_logits;
  }
  if (num_tokens == 0) return;
  ScheduledSlice slice = {&sequence, num_tokens, num_logits};
  if (slice.completes()) slice.num_logits = std::max<int64_t>(num_logits, 1);
  plan.slices.push_back(slice);
  plan.num_rows += num_tokens;
}

}  // namespace redline::engine
