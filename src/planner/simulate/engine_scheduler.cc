#include "planner/simulate/engine_scheduler.h"

#include <algorithm>

namespace redline::planner {

Result<std::unique_ptr<EngineScheduler>> EngineScheduler::Make(const SchedulerPolicy& policy,
                                                               const PromptSource* source) {
  RL_RETURN_IF_ERROR(ValidatePolicy(policy));
  return std::unique_ptr<EngineScheduler>(new EngineScheduler(policy, source));
}

EngineScheduler::EngineScheduler(const SchedulerPolicy& policy, const PromptSource* source)
    : dispatch_(policy.dispatch) {
  for (int64_t rank = 0; rank < policy.num_ranks; ++rank)
    ranks_.push_back(MakeRankScheduler(policy, source));
  steps_.resize(ranks_.size());
}

int64_t EngineScheduler::ChooseRank() {
  const int64_t first = next_rank_;
  next_rank_ = (next_rank_ + 1) % num_ranks();
  if (dispatch_ == SchedulerPolicy::Dispatch::kRoundRobin) return first;
  // Ties go round: else all requests of an idle engine would go to the first rank.
  const auto load_of = [this](int64_t index) {
    return 4 * rank(index).num_waiting() + rank(index).num_running();
  };
  int64_t best = first;
  for (int64_t step = 1; step < num_ranks(); ++step) {
    const int64_t index = (first + step) % num_ranks();
    if (load_of(index) < load_of(best)) best = index;
  }
  return best;
}

Result<EngineScheduler::Handle> EngineScheduler::Add(const EngineRequest& request) {
  const int64_t index = ChooseRank();
  RL_ASSIGN_OR_RETURN(const auto handle, rank(index).Add(request));
  return Handle{index, handle};
}

bool EngineScheduler::Cancel(const Handle& handle) {
  return handle.rank >= 0 && handle.rank < num_ranks() && rank(handle.rank).Cancel(handle.in_rank);
}

std::span<const RankStep> EngineScheduler::NextStep() {
  bool is_idle = true;
  for (size_t index = 0; index < ranks_.size(); ++index) {
    steps_[index] = ranks_[index]->NextStep();
    is_idle &= steps_[index].is_idle();
  }
  return is_idle ? std::span<const RankStep>() : steps_;
}

void EngineScheduler::Complete(std::vector<RequestEvent>* events) {
  for (const auto& rank : ranks_) rank->Complete(events);
}

bool EngineScheduler::HasRequests() const {
  return std::any_of(ranks_.begin(), ranks_.end(),
                     [](const auto& rank) { return rank->HasRequests(); });
}

}  // namespace redline::planner
