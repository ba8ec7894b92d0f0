// TensorRT-LLM's in-flight batching with the capacity policy GUARANTEED_NO_EVICT: a request is
// admitted once all the pages that it may ever need are there, so nothing is preempted. A step has
// the decodes, and prompts in their order, whole or in pieces of whole pages, up to the budget
// (max_num_tokens), which also limits how many requests decode.
#pragma once

#include "planner/simulate/rank_scheduler.h"

namespace redline::planner {

class InflightScheduler : public RankScheduler {
 public:
  InflightScheduler(const SchedulerPolicy& policy, const PromptSource* source);

 protected:
  void PlanStep() override;
  std::string WhyNeverAdmitted(const EngineRequest& request) const override;
  int64_t TokensKeptOf(const RankRequest&) const override { return 0; }  // nothing is preempted

 private:
  int64_t WholeLifePages(const EngineRequest& request) const;
  // What of `left` tokens of a prompt runs with this budget; 0: nothing.
  int64_t ChunkOf(int64_t left, int64_t budget) const;
  void AdmitWaiting(int64_t budget);

  const int64_t max_running_;
};

}  // namespace redline::planner
