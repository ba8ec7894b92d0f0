// Costs of steps that were made before: the tables of one engine's kernels serve every
// configuration that runs them. Any thread may ask; a mutex guards the table.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "base/status.h"
#include "planner/cost/model_step_cost.h"

namespace redline::planner {

class StepCostCache {
 public:
  // The kernels tell costs apart: model, hardware and calibrations are the same for all that is
  // asked of one cache.
  Result<std::shared_ptr<const ModelStepCost>> Find(const StepCostInputs& inputs);

 private:
  std::mutex mutex_;
  std::map<EngineKernels, std::shared_ptr<const ModelStepCost>> costs_;
};

}  // namespace redline::planner
