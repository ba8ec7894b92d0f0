// An engine's settings on given hardware: its memory, its scheduler's numbers, the cost of its
// steps. Pure functions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "planner/cost/model_step_cost.h"
#include "planner/engines/engine_settings.h"
#include "planner/engines/step_cost_cache.h"
#include "planner/hardware/hardware_spec.h"
#include "planner/simulate/scheduler_policy.h"

namespace redline::planner {

// Bytes of the fullest GPU, as the engine's own rules divide them.
struct MemoryLedger {
  struct Term {
    std::string name;  // "weights", "kv_cache", "activations", "reserved"
    int64_t num_bytes = 0;
  };
  std::vector<Term> terms;
  int64_t total_bytes = 0;
  int64_t kv_bytes_per_token = 0;  // on one rank
  int64_t kv_tokens_per_rank = 0;
  int64_t kv_tokens = 0;  // of all ranks and replicas
};

struct EnginePlan {
  EngineSettings settings;
  MemoryLedger ledger;
  SchedulerPolicy policy;
  FoundCalibration calibration;
  // Of all plans with these kernels, where there is a cache.
  std::shared_ptr<const ExplainedStepCost> cost;
  int64_t num_gpus = 0;
  std::vector<std::string> notes;  // what was not measured, in sentences
};

struct PlanInputs {
  const ModelShape* shape = nullptr;  // outlives the plan
  const HardwareSpec* hardware = nullptr;
  const std::vector<EngineCalibration>* calibrations = nullptr;  // null: those of the binary
  double acceptance_length = 0;  // tokens of a step with drafts; 0: by their number, as published
  StepCostCache* cost_cache = nullptr;  // of this model, hardware and calibrations; null: none
};

GpuPeaks PeaksOf(const HardwareSpec& hardware);

// kFailedPrecondition, with the arithmetic, when it does not fit; kInvalidArgument when the layout
// takes more GPUs than there are.
Result<EnginePlan> PlanEngine(const EngineSettings& settings, const PlanInputs& inputs);

}  // namespace redline::planner
