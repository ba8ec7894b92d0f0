// Which of the data-parallel arguments go together.
#pragma once

#include "backends/vllm/engine_config.h"
#include "base/status.h"

namespace redline::backends::vllm {

// Follows EngineArgs.create_engine_config (engine/arg_utils.py) and
// ParallelConfig._validate_parallel_config, for a server that is not headless.
Status CheckDataParallel(const Context& context);

}  // namespace redline::backends::vllm
