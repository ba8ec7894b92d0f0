// What a workload would see of an engine on given hardware, how sure that is, and where the time
// goes.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "planner/cost/operation.h"
#include "planner/engines/engine_plan.h"
#include "planner/simulate/simulation_result.h"
#include "spec/workload_spec.h"
#include "workload/request_plan.h"

namespace redline::planner {

// A number with the band that holds it four times in five.
struct Banded {
  double value = 0;
  double low = 0;
  double high = 0;
};

// Of all requests that finished; names as in docs/metrics.md.
struct Prediction {
  Banded total_tps;  // input and output tokens a second, over the whole run
  Banded output_tps;
  Banded mean_ttft_ms;
  Banded mean_tpot_ms;
  double median_ttft_ms = 0;
  double p99_ttft_ms = 0;
  double median_tpot_ms = 0;
  double p99_tpot_ms = 0;
  double mean_e2e_ms = 0;
  double duration_s = 0;
  double slo_share = 1;    // of the requests: those that kept every objective of their class
  OperationTimes seconds;  // of all steps, by operation
  SimulationResult simulation;
};

struct PredictOptions {
  uint64_t seed = 1;
  bool explains = true;  // by operation, which takes longer
  // Instead of the plan's own, and then nothing is explained: a machine that differs from it.
  const StepCost* cost = nullptr;
};

// kFailedPrecondition when no request can run.
Result<Prediction> Predict(const EnginePlan& plan, const spec::WorkloadSpec& workload,
                           const PredictOptions& options = {});
// The same with requests that were made before: many configurations run the same ones.
Result<Prediction> Predict(const EnginePlan& plan, const spec::WorkloadSpec& workload,
                           const workload::RequestPlan& requests,
                           const PredictOptions& options = {});

// What the first token waits beyond the simulation, as clients see it: all times of a request but
// its sending are later by so much.
double FirstTokenWaitSeconds(const EnginePlan& plan, const Prediction& prediction);

nlohmann::json ToJson(const Prediction& prediction);

}  // namespace redline::planner
