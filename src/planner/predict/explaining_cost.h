// A cost model that keeps account of the operations its steps consist of: of one step in eight,
// which stands for the others. One thread.
#pragma once

#include "planner/cost/explained_step_cost.h"

namespace redline::planner {

class ExplainingCost : public StepCost {
 public:
  explicit ExplainingCost(const ExplainedStepCost& cost) : cost_(cost) {}

  double SecondsOf(std::span<const RankStep> ranks) const override {
    const double seconds = cost_.SecondsOf(ranks);
    all_seconds_ += seconds;
    if (num_steps_++ % 8 == 0) sample_.Add(cost_.TimesOf(ranks));
    return seconds;
  }
  // Of all steps so far.
  OperationTimes Seconds() const {
    OperationTimes times;
    const double sampled = sample_.Total();
    if (sampled > 0) times.Add(sample_, all_seconds_ / sampled);
    return times;
  }

 private:
  const ExplainedStepCost& cost_;
  mutable int64_t num_steps_ = 0;
  mutable double all_seconds_ = 0;
  mutable OperationTimes sample_;
};

}  // namespace redline::planner
