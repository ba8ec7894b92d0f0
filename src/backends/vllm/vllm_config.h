// The last step of create_engine_config: the configurations together.
#pragma once

#include "backends/vllm/engine_config.h"
#include "base/status.h"

namespace redline::backends::vllm {

// Follows EngineArgs.create_engine_config (engine/arg_utils.py): the whole configuration, or why
// the engine would refuse it (param() names the argument).
Result<EngineConfig> CreateEngineConfig(const Context& context);

}  // namespace redline::backends::vllm
