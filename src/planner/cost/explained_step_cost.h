// A step cost that can tell by operation what it consists of.
#pragma once

#include <string>
#include <vector>

#include "planner/cost/operation.h"
#include "planner/step_cost.h"

namespace redline::planner {

class ExplainedStepCost : public StepCost {
 public:
  // Their sum is SecondsOf.
  virtual OperationTimes TimesOf(std::span<const RankStep> ranks) const = 0;
  // Where the costs are not from measurements; sentences.
  virtual const std::vector<std::string>& notes() const = 0;
};

}  // namespace redline::planner
