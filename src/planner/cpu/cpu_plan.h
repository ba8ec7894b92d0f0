// An engine on this machine as a plan: its scheduler, and its steps' cost from a calibration.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "planner/cpu/cpu_calibration.h"
#include "planner/engines/engine_plan.h"

namespace redline::planner {

// A plan of bare numbers, for fits and tests.
EnginePlan PlanOfCosts(const SchedulerPolicy& policy, const CpuCosts& costs);

struct CpuPlanInputs {
  std::string engine;  // "native"
  std::string version;
  spec::Parameters resolved;
  const spec::ModelSpec* model = nullptr;
  const CpuCalibration* calibration = nullptr;  // of this engine and model
};
// kFailedPrecondition when settings that change the cost of a step are not those of the
// calibration: what it was measured with, and how to measure this.
Result<EnginePlan> PlanOnCpu(const CpuPlanInputs& inputs);

// What a search tries beside the defaults: lists of the engine's own arguments. Those of native are
// flags, too.
std::vector<std::vector<std::string>> CpuChoices(std::string_view engine);

}  // namespace redline::planner
