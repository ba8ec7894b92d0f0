// Step 4 of create_engine_config: how the model is spread over GPUs.
#pragma once

#include "backends/vllm/engine_config.h"
#include "base/status.h"

namespace redline::backends::vllm {

// Follows EngineArgs.create_engine_config (the data-parallel arguments) and config/parallel.py:
// ParallelConfig.
Result<ParallelConfig> CreateParallelConfig(const Context& context);

}  // namespace redline::backends::vllm
