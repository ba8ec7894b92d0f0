// What the GPU's kind decides: the worker, and the size of a KV block.
#pragma once

#include "backends/vllm/engine_config.h"

namespace redline::backends::vllm {

// Follows platforms/cuda.py: CudaPlatformBase.check_and_update_config.
void ApplyCudaPlatform(const Context& context, EngineConfig* config);

}  // namespace redline::backends::vllm
