// An engine's data-parallel ranks: deals requests to them, and forms steps of all that run in
// lockstep. One thread at a time.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "planner/simulate/rank_scheduler.h"

namespace redline::planner {

class EngineScheduler {
 public:
  struct Handle {
    int64_t rank = -1;
    RankScheduler::Handle in_rank;
  };

  // `source` may be null (prompts share nothing) and outlives the scheduler.
  static Result<std::unique_ptr<EngineScheduler>> Make(const SchedulerPolicy& policy,
                                                       const PromptSource* source);

  // kTooLarge for a request that no state of the engine could ever admit.
  Result<Handle> Add(const EngineRequest& request);
  bool Cancel(const Handle& handle);

  // One step of all ranks; empty when no rank can run anything. Valid until the next call.
  std::span<const RankStep> NextStep();
  // Appends what happened on every rank, if `events` is given.
  void Complete(std::vector<RequestEvent>* events);

  // For ranks that step on their own.
  RankScheduler& rank(int64_t index) { return *ranks_[static_cast<size_t>(index)]; }
  const RankScheduler& rank(int64_t index) const { return *ranks_[static_cast<size_t>(index)]; }
  int64_t num_ranks() const { return static_cast<int64_t>(ranks_.size()); }
  bool HasRequests() const;

 private:
  EngineScheduler(const SchedulerPolicy& policy, const PromptSource* source);
  int64_t ChooseRank();

  const SchedulerPolicy::Dispatch dispatch_;
  std::vector<std::unique_ptr<RankScheduler>> ranks_;
  std::vector<RankStep> steps_;
  int64_t next_rank_ = 0;
};

}  // namespace redline::planner
