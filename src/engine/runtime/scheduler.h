// Decides what each step computes: continuous batching with chunked prefill.
//
// A step's rows are bounded by one budget (chunked_prefill_size): first every running sequence that
// needs one row (decodes), then the prefills under way, then new ones from the queue, first come
// first served or longest cached prefix first. A sequence gets the pages of all its tokens when it
// is admitted, and one more whenever decoding crosses a page. When there is none, the newest
// running sequence gives all of its pages back and returns to the queue, to be computed again (or
// found in the prefix cache). Rows and pages that nobody needs may go to drafts. Owner: the engine
// thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "engine/runtime/kv_pages.h"
#include "engine/runtime/sequence.h"

namespace redline::engine {

enum class SchedulePolicy {
  kFcfs,  // nobody overtakes
  // Of the kMaxCompared oldest that wait, the one with the most cached tokens first; who was
  // overtaken kMaxOvertaken times comes before all who were not.
  kLpm,
};

struct SchedulerOptions {
  static constexpr int64_t kMaxCompared = 128;
  static constexpr int64_t kMaxOvertaken = 64;

  int64_t max_running_requests = 64;
  int64_t chunked_prefill_size = 512;  // >= max_running_requests
  // Rows of a step whose logits are wanted besides those of last tokens: for prompts' log-probs,
  // then for drafts.
  int64_t max_extra_logits_rows = 32;
  int64_t num_draft_tokens = 0;         // of a sequence in a step, at most; 0: none
  int64_t max_drafting_sequences = 32;  // that a step looks for drafts of: the oldest
  SchedulePolicy policy = SchedulePolicy::kFcfs;
};

// `num_tokens` tokens of `sequence`, from its num_computed on.
struct ScheduledSlice {
  Sequence* sequence = nullptr;
  int64_t num_tokens = 0;
  int64_t num_logits = 0;  // of its last tokens
  // What may come after the sequence's last token, to be computed with it.
  std::vector<TokenId> drafts = {};
  // Whether its last token is the sequence's last: a new token comes of it.
  bool completes() const { return sequence->num_to_compute() == num_tokens; }
};

struct StepPlan {
  std::vector<ScheduledSlice> slices;
  int64_t num_rows = 0;
  int64_t num_extra_logits_rows = 0;
  int64_t num_draft_tokens = 0;
  int64_t num_preempted = 0;
  std::vector<Sequence*> admitted;  // for the first time
};

class Scheduler {
 public:
  // `pages` outlives the scheduler.
  Scheduler(const SchedulerOptions& options, KvPages* pages) : options_(options), pages_(pages) {}

  void Enqueue(std::unique_ptr<Sequence> sequence);
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
  using Sequences = std::deque<std::unique_ptr<Sequence>>;  // in the order of arrival

  void ScheduleDecodes(StepPlan& plan);
  void SchedulePrefills(StepPlan& plan);
  void AdmitWaiting(StepPlan& plan);
  void ScheduleDrafts(StepPlan& plan);
  std::vector<Sequence*> WaitingInOrder() const;
  bool HoldPages(Sequence& sequence);
  void MoveToRunning(Sequence& sequence, StepPlan& plan);
  bool GrowPages(size_t running_index, StepPlan& plan);
  void PreemptNewest(StepPlan& plan);
  void AddSlice(Sequence& sequence, StepPlan& plan) const;

  const SchedulerOptions options_;
  KvPages* const pages_;
  int64_t next_arrival_ = 0;
  Sequences waiting_;
  Sequences running_;
};

}  // namespace redline::engine
