// Which features vLLM 0.13.0 does not have, or not together. Each check follows the function named
// at its definition.
#pragma once

#include "backends/vllm/engine_config.h"
#include "base/status.h"

namespace redline::backends::vllm {

Status CheckFeatures(const Context& context);
Status CheckContextParallelDivides(const Context& context);
Status CheckLora(const Context& context, const EngineConfig& config);
Status CheckObservability(const Context& context);
Status CheckAsyncScheduling(const EngineConfig& config);
Status CheckFastPrefill(const Context& context, const EngineConfig& config);
Status CheckInterleaving(const Context& context, EngineConfig* config);
Status CheckDualBatchOverlap(const Context& context, EngineConfig* config);
Status CheckHybridManager(const Context& context, const EngineConfig& config);

}  // namespace redline::backends::vllm
