// An engine's scheduler on a CPU, from the parameters that it runs with: those that the platform
// resolves before a start (backends::Backend::Resolve), with the engine's own defaults for the
// others. Pure functions.
//
// Sources: src/engine/runtime/scheduler.h; vLLM 0.13.0 engine/arg_utils.py (get_batch_defaults),
// platforms/cpu.py (block_size, VLLM_CPU_KVCACHE_SPACE), v1/core/sched/scheduler.py; llama.cpp's
// server: the help of b11434 for defaults (--parallel, --batch-size), its loop over the slots.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "planner/simulate/scheduler_policy.h"
#include "spec/engine_config.h"
#include "spec/model_spec.h"

namespace redline::planner {

// kUnimplemented, naming those that there are, for an engine without a model here; kInvalidArgument
// for numbers that its scheduler cannot have.
Result<SchedulerPolicy> CpuPolicyOf(std::string_view engine, const spec::Parameters& resolved,
                                    const spec::ModelSpec& model);

// Engines that are modelled on a CPU: "llama_cpp", "native", "vllm".
std::vector<std::string_view> CpuEngines();

// Those of `resolved` that change what a step takes and not only which steps are formed: threads,
// types of numbers. A calibration holds for one set of them.
spec::Parameters StepSettingsOf(std::string_view engine, const spec::Parameters& resolved);

}  // namespace redline::planner
