#include "planner/engines/step_cost_cache.h"

namespace redline::planner {

Result<std::shared_ptr<const ModelStepCost>> StepCostCache::Find(const StepCostInputs& inputs) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = costs_.find(inputs.kernels);
    if (found != costs_.end()) return found->second;
  }
  RL_ASSIGN_OR_RETURN(std::unique_ptr<ModelStepCost> made, ModelStepCost::Make(inputs));
  const std::lock_guard lock(mutex_);
  // Another thread may have made the same meanwhile.
  return costs_.try_emplace(inputs.kernels, std::move(made)).first->second;
}

}  // namespace redline::planner
