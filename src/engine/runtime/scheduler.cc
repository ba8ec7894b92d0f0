#include "engine/runtime/scheduler.h"

#include <algorithm>

namespace redline::engine {
namespace {

template <typename Container>
std::unique_ptr<Sequence> TakeById(Container& sequences, RequestId id) {
  const auto found = std::find_if(sequences.begin(), sequences.end(),
                                  [id](const auto& sequence) { return sequence->id == id; });
  if (found == sequences.end()) return nullptr;
  std::unique_ptr<Sequence> sequence = std::move(*found);
  sequences.erase(found);
  return sequence;
}

}  // namespace

std::unique_ptr<Sequence> Scheduler::Remove(RequestId id) {
  std::unique_ptr<Sequence> sequence = TakeById(running_, id);
  if (sequence == nullptr) sequence = TakeById(waiting_, id);
  if (sequence != nullptr) pool_->ReleaseAll(sequence->pages);
  return sequence;
}

std::vector<std::unique_ptr<Sequence>> Scheduler::RemoveAll() {
  std::vector<std::unique_ptr<Sequence>> all = std::move(running_);
  running_.clear();
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(all));
  waiting_.clear();
  for (const auto& sequence : all) pool_->ReleaseAll(sequence->pages);
  return all;
}

StepPlan Scheduler::Schedule() {
  StepPlan plan;
  ScheduleDecodes(plan);
  SchedulePrefills(plan);
  AdmitWaiting(plan);
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
    if (sequence->num_to_compute() > 1) AddSlice(*sequence, plan);
  }
}

void Scheduler::AdmitWaiting(StepPlan& plan) {
  while (!waiting_.empty() && num_running() < options_.max_running_requests &&
         plan.num_rows < options_.chunked_prefill_size) {
    Sequence& sequence = *waiting_.front();
    const int64_t num_pages = PagesFor(sequence.num_tokens());
    // A page of head-room for each sequence that is running: else the next step would preempt what
    // this one admits.
    if (num_pages + num_running() > pool_->num_free()) return;
    pool_->Allocate(num_pages, sequence.pages);
    if (!sequence.was_admitted) plan.admitted.push_back(&sequence);
    sequence.was_admitted = true;
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    AddSlice(sequence, plan);
  }
}

// Makes the pages of running_[index] cover all of its tokens. False: it was preempted for lack of
// pages itself.
bool Scheduler::GrowPages(size_t running_index, StepPlan& plan) {
  Sequence& sequence = *running_[running_index];
  const int64_t missing =
      PagesFor(sequence.num_tokens()) - static_cast<int64_t>(sequence.pages.size());
  while (!pool_->Allocate(missing, sequence.pages)) {
    const bool gives_way_itself = running_index + 1 == running_.size();
    PreemptNewest(plan);
    if (gives_way_itself) return false;
  }
  return true;
}

void Scheduler::PreemptNewest(StepPlan& plan) {
  std::unique_ptr<Sequence> sequence = std::move(running_.back());
  running_.pop_back();
  pool_->ReleaseAll(sequence->pages);
  sequence->num_computed = 0;
  waiting_.push_front(std::move(sequence));
  ++plan.num_preempted;
}

void Scheduler::AddSlice(Sequence& sequence, StepPlan& plan) const {
  const int64_t rows_left = options_.chunked_prefill_size - plan.num_rows;
  const int64_t num_tokens = std::min(sequence.num_to_compute(), rows_left);
  if (num_tokens == 0) return;
  plan.slices.push_back({&sequence, num_tokens});
  plan.num_rows += num_tokens;
}

}  // namespace redline::engine
