// The scheduler of one data-parallel rank: forms steps of what waits and runs, and counts KV pages.
// The simulator drives it by a cost model's clock, a virtual engine by a real one:
//
//     scheduler->Add(request);
//     RankStep step = scheduler->NextStep();   // what runs now; idle: nothing can
//     ...                                      // Add and Cancel may come meanwhile
//     scheduler->Complete(&events);            // the step is over
//
// A step of decodes costs O(1) (decode_batch.h) and allocates nothing. One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/status.h"
#include "planner/simulate/rank_request.h"
#include "planner/simulate/scheduler_policy.h"
#include "planner/step_cost.h"

namespace redline::planner {

struct RankStats {
  int64_t num_preemptions = 0;
  int64_t peak_running = 0;
  int64_t peak_kv_pages = 0;  // held by requests; what is only cached is not counted
};

class RankScheduler {
 public:
  struct Handle {
    uint32_t slot = RankRequest::kNone;
    uint32_t generation = 0;
  };

  virtual ~RankScheduler() = default;

  // kTooLarge for a request that no state of the rank could ever admit.
  Result<Handle> Add(const EngineRequest& request);
  // False: it is not here any more. One that is in the running step goes when that completes, with
  // an event; others go at once, without one.
  bool Cancel(Handle handle);
  // Valid until the next call. Only after the last step was completed.
  RankStep NextStep();
  // Appends what happened, if `events` is given.
  void Complete(std::vector<RequestEvent>* events);
  // Every request that got tokens in the step that was completed last, and how many in all it has
  // now; those that ended then had events. O(running requests): for engines that stream.
  void ForEachDecoding(const std::function<void(uint64_t tag, int64_t num_generated)>& visit) const;

  bool HasRequests() const { return num_waiting_ > 0 || num_running_ > 0; }
  int64_t num_waiting() const { return num_waiting_; }
  int64_t num_running() const { return num_running_; }  // admitted: in their prompts or answers
  int64_t used_pages() const { return capacity_pages_ - available_pages(); }
  int64_t cached_pages() const { return tree_.num_pages(); }
  int64_t capacity_pages() const { return capacity_pages_; }
  const RankStats& stats() const { return stats_; }

 protected:
  struct Chunk {
    uint32_t slot;
    int64_t num_tokens;
  };

  RankScheduler(const SchedulerPolicy& policy, const PromptSource* source);

  // How many tokens of its context the prefix cache keeps of one that is preempted now.
  virtual int64_t TokensKeptOf(const RankRequest& request) const = 0;
  // Fills the step by AddChunk and RunDecodes.
  virtual void PlanStep() = 0;
  // Nothing runs or waits.
  virtual void OnIdle() {}
  // The message why it never fits; empty: it does.
  virtual std::string WhyNeverAdmitted(const EngineRequest& request) const = 0;

  RankRequest& At(uint32_t slot) { return slots_[slot]; }
  const RankRequest& At(uint32_t slot) const { return slots_[slot]; }
  // The first that waits, or kNone.
  uint32_t FirstWaiting();
  int64_t available_pages() const { return free_pages_ + tree_.num_evictable_pages(); }
  int64_t PagesFor(int64_t num_tokens) const {
    return (num_tokens + policy_.page_size - 1) / policy_.page_size;
  }
  // Takes them from the free ones and from the cache. They must be available.
  void TakePages(int64_t count);
  // Holds what the prefix cache has of the first waiting one. Undone by DropPrefix.
  void HoldPrefix(RankRequest& request);
  void DropPrefix(RankRequest& request);
  // The first waiting one, its prefix held, runs from now on with `num_pages` pages of its own.
  void AdmitFirst(int64_t num_pages);
  void AddChunk(uint32_t slot, int64_t num_tokens);
  // All that decode take part in the step. Their pages are taken by TakeGrowth.
  void RunDecodes() { runs_decodes_ = true; }
  void TakeGrowth() { TakePages(decodes_.NumPagesToGrow()); }
  // Its pages are free, and it waits again: before all others, or after them.
  enum class Requeue { kFront, kBack };
  void Preempt(uint32_t slot, Requeue where);
  int64_t GeneratedOf(const RankRequest& request) const;
  int64_t tokens_per_decode() const { return 1 + policy_.draft_tokens; }

  const SchedulerPolicy policy_;
  const int64_t capacity_pages_;
  DecodeBatch decodes_;
  uint32_t first_running_ = RankRequest::kNone;  // in the order of admission
  uint32_t last_running_ = RankRequest::kNone;
  // The one request whose prompt is computed in part, or kNone.
  uint32_t partial_ = RankRequest::kNone;
  // The first waiting one did not fit, and nothing has become free since.
  bool is_blocked_ = false;
  bool grows_pages_ = true;  // kInflight has them from the beginning

 private:
  struct Waiting {
    uint32_t slot;
    uint32_t generation;
  };

  uint32_t NewSlot();
  void FreeSlot(uint32_t slot);
  void Unlink(uint32_t slot);
  void ReleasePages(RankRequest& request);
  int64_t PrivatePagesOf(const RankRequest& request) const;
  void AppendContext(const RankRequest& request);
  // The tree takes over the pages of the first `num_tokens`.
  void Share(RankRequest& request, int64_t num_tokens);
  void CompleteChunk(const Chunk& chunk);
  void CompletePrefill(uint32_t slot);
  void Finish(uint32_t slot);
  void Tell(RequestEvent::Kind kind, const RankRequest& request);
  void CancelNow(uint32_t slot);

  const PromptSource* const source_;  // null: there is nothing to find again
  const bool shares_prompts_;
  int64_t free_pages_;
  PrefixTree tree_;
  std::vector<RankRequest> slots_;
  std::vector<uint32_t> free_slots_;
  std::deque<Waiting> waiting_;  // entries of an older generation were cancelled
  int64_t num_waiting_ = 0;
  int64_t num_running_ = 0;
  RankStats stats_;

  bool is_stepping_ = false;
  bool runs_decodes_ = false;
  std::vector<PrefillChunk> step_prefill_;
  std::vector<Chunk> step_chunks_;
  std::vector<Waiting> cancelled_in_step_;
  std::vector<RequestEvent>* events_ = nullptr;  // during Complete
  std::vector<workload::PromptPiece> pieces_;    // of the request at hand
};

// By the policy's kind. The policy must be valid; `source` may be null.
std::unique_ptr<RankScheduler> MakeRankScheduler(const SchedulerPolicy& policy,
                                                 const PromptSource* source);

}  // namespace redline::planner
