// The batch sizes that CUDA graphs are captured for.
#pragma once

#include "backends/vllm/engine_config.h"
#include "base/status.h"

namespace redline::backends::vllm {

// 1, 2, 4, then steps of 8 up to 256, then steps of 16 up to `largest`.
std::vector<int64_t> DefaultCaptureSizes(int64_t largest);

// Follows config/vllm.py: VllmConfig._set_cudagraph_sizes. kInvalidArgument when the sizes that
// were asked for do not go together.
Status SetCaptureSizes(const Context& context, EngineConfig* config);

}  // namespace redline::backends::vllm
