// SGLang: whenever a batch of prompts can be formed it runs, alone or (mixed chunk) with the
// decodes; else the decodes run. Sources: schedule_policy.py (PrefillAdder), scheduler.py and
// schedule_batch.py (retract_decode) of 0.5.6.
//
// * Admission keeps back what the running requests may still say, new_token_ratio of it; the ratio
//   falls with each decode step, and rises to what is seen when requests had to be retracted.
// * Out of pages, those with the shortest answers so far (of these, the longest prompts) are
//   retracted until there is room for 20 tokens each, and wait behind all others.
//
// Simpler: a prompt that is cut has its pages from the beginning; first come, first served,
// whatever the prefix cache holds (upstream's fcfs); the ratio starts anew only when the rank is
// empty.
#pragma once

#include <vector>

#include "planner/simulate/rank_scheduler.h"

namespace redline::planner {

class PrefillFirstScheduler : public RankScheduler {
 public:
  PrefillFirstScheduler(const SchedulerPolicy& policy, const PromptSource* source);

  double new_token_ratio() const { return new_token_ratio_; }

 protected:
  void PlanStep() override;
  void OnIdle() override { new_token_ratio_ = initial_ratio_; }
  std::string WhyNeverAdmitted(const EngineRequest& request) const override;
  int64_t TokensKeptOf(const RankRequest& request) const override;

 private:
  // What is left for the batch that is being formed, in tokens.
  struct Budget {
    int64_t total;  // of the KV cache, less what is kept back
    int64_t input;  // max_prefill_tokens
    int64_t chunk;  // chunked_prefill_size
    bool IsSpent() const { return total <= 0 || input <= 0 || chunk <= 0; }
  };

  // False: no prompt can run now.
  bool PlanPrefill(int64_t num_mixed);
  void PlanDecode();
  Budget NewBudget(int64_t num_mixed) const;
  bool ContinuePrompt(Budget& budget);
  // False: the batch is closed.
  bool AdmitOne(Budget& budget, bool is_first);
  // Pages for the next tokens of all answers, retracting some requests if need be.
  void GrowDecodes();
  void Retract();
  int64_t CeilToPage(int64_t num_tokens) const { return PagesFor(num_tokens) * policy_.page_size; }
  int64_t RemainingOf(const RankRequest& request) const;

  const double initial_ratio_;
  const double min_ratio_;
  const double ratio_decay_;
  double new_token_ratio_;
  std::vector<uint32_t> victims_;  // the next one last
};

}  // namespace redline::planner
