// vLLM V1: decodes first, then prompts with what is left of one token budget. Pages are taken as
// they are needed; without any left, the newest request is preempted and computed again later, and
// nothing is admitted in that step. Source: vllm/v1/core/sched/scheduler.py, 0.13.
//
// Simpler: decodes come before the prompt that is under way wherever they stand in the list (it
// stands last); admission stops at the number of decodes that the budget can hold.
#pragma once

#include "planner/simulate/rank_scheduler.h"

namespace redline::planner {

class MixedScheduler : public RankScheduler {
 public:
  MixedScheduler(const SchedulerPolicy& policy, const PromptSource* source);

 protected:
  void PlanStep() override;
  std::string WhyNeverAdmitted(const EngineRequest& request) const override;
  int64_t TokensKeptOf(const RankRequest& request) const override;

 private:
  // Makes room for the step's new tokens of the answers. True: requests were preempted for it.
  bool GrowDecodes();
  // The next piece of the prompt that is under way. True: the last one, so that others may follow.
  bool ContinuePrompt(int64_t& budget);
  void AdmitWaiting(int64_t budget);
  // That a request is admitted with, when its first piece has so many tokens.
  int64_t PagesToAdmit(const RankRequest& request, int64_t num_tokens) const;
  // Of its own, once `num_computed` tokens are in the cache; with its drafts when that is all.
  int64_t PrivatePagesAt(const RankRequest& request, int64_t num_computed) const;

  const int64_t max_running_;
};

}  // namespace redline::planner
