// A simulator's run as the lab's own result, so that every table, report and comparison works on
// it. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "lab/metrics/measurement.h"
#include "lab/request_record.h"
#include "planner/engines/engine_plan.h"
#include "planner/predict/prediction.h"
#include "spec/workload_spec.h"

namespace redline::lab {

// The requests as if a client had seen them.
std::vector<RequestRecord> RecordsOf(const planner::EnginePlan& plan,
                                     const planner::Prediction& prediction);

// What was simulated.
struct SimulatedRun {
  std::string target;  // "virtual sglang@0.5.6.post2 on h200x8"
  std::string model;
  const spec::WorkloadSpec& workload;
  const planner::EnginePlan& plan;
  std::string refusal;  // what the engine says to requests that do not fit
};

// One repeat, whose first note says that nothing was measured.
Measurement MeasureSimulation(const SimulatedRun& run, const std::vector<RequestRecord>& records);

}  // namespace redline::lab
