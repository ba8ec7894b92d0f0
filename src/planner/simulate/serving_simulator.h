// Runs a workload's plan through an engine's scheduler by a cost model's clock: a discrete-event
// simulation whose events are requests and engine steps. Deterministic: the same inputs give the
// same bits. What is simpler than an engine is said in README.md.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "planner/simulate/scheduler_policy.h"
#include "planner/simulate/simulation_result.h"
#include "planner/step_cost.h"
#include "spec/workload_spec.h"
#include "workload/request_plan.h"

namespace redline::planner {

// Where a simulation gives up; what it has until then is its result.
struct SimulationLimits {
  int64_t max_steps = 100'000'000;
  double max_seconds = 1e7;  // simulated
};

// `plan` was made from `workload`. kInvalidArgument: a field of the policy or the limits; a prompt
// whose length nobody knows; a cost that is no time.
Result<SimulationResult> SimulateServing(const workload::RequestPlan& plan,
                                         const spec::WorkloadSpec& workload,
                                         const SchedulerPolicy& policy, const StepCost& cost,
                                         const SimulationLimits& limits = {});

}  // namespace redline::planner
