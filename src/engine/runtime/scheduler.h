// Decides what each step computes: continuous batching with chunked prefill, first come first
// served.
//
// A step's rows are bounded by one budget (chunked_prefill_size): first every running sequence that
// needs one row (decodes), then the prefills under way, then new ones from the queue's head. A
// sequence gets the pages of all its tokens when it is admitted, and one more whenever decoding
// crosses a page. When there is none, the newest running sequence gives all of its pages back and
// returns to the queue's head, to be computed again. Owner: the engine thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "engine/runtime/page_pool.h"
#include "engine/runtime/sequence.h"

namespace redline::engine {

struct SchedulerOptions {
  int64_t max_running_requests = 64;
  int64_t chunked_prefill_size = 512;  // >= max_running_requests
  int64_t page_size = 16;
};

// `num_tokens` tokens of `sequence`, from its num_computed on.
struct ScheduledSlice {
  Sequence* sequence = nullptr;
  int64_t num_tokens = 0;
  // Whether its last token is the sequence's last: a new token comes of it.
  bool completes() const { return sequence->num_to_compute() == num_tokens; }
};

struct StepPlan {
  std::vector<ScheduledSlice> slices;
  int64_t num_rows = 0;
  int64_t num_preempted = 0;
  std::vector<Sequence*> admitted;  // for the first time
};

class Scheduler {
 public:
  // `pool` outlives the scheduler.
  Scheduler(const SchedulerOptions& options, PagePool* pool) : options_(options), pool_(pool) {}

  void Enqueue(std::unique_ptr<Sequence> sequence) { waiting_.push_back(std::move(sequence)); }
  // Takes a sequence out, its pages freed; nullptr when there is none with this id.
  std::unique_ptr<Sequence> Remove(RequestId id);
  // Takes out all, oldest first.
  std::vector<std::unique_ptr<Sequence>> RemoveAll();

  // Never empty while there are sequences, provided that each fits the pool alone.
  StepPlan Schedule();

  int64_t num_running() const { return static_cast<int64_t>(running_.size()); }
  int64_t num_waiting() const { return static_cast<int64_t>(waiting_.size()); }
  bool empty() const { return running_.empty() && waiting_.empty(); }

 private:
  int64_t PagesFor(int64_t num_tokens) const {
    return (num_tokens + options_.page_size - 1) / options_.page_size;
  }
  void ScheduleDecodes(StepPlan& plan);
  void SchedulePrefills(StepPlan& plan);
  void AdmitWaiting(StepPlan& plan);
  bool GrowPages(size_t running_index, StepPlan& plan);
  void PreemptNewest(StepPlan& plan);
  void AddSlice(Sequence& sequence, StepPlan& plan) const;

  const SchedulerOptions options_;
  PagePool* const pool_;
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::vector<std::unique_ptr<Sequence>> running_;  // in the order of arrival
};

}  // namespace redline::engine
