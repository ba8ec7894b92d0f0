// torch.compile and CUDA graphs: what is asked for (step 8 of create_engine_config), and what
// VllmConfig makes of it.
#pragma once

#include "backends/vllm/engine_config.h"
#include "base/status.h"

namespace redline::backends::vllm {

// Follows EngineArgs.create_engine_config and config/compilation.py: CompilationConfig.
Result<CompilationConfig> CreateCompilationConfig(const Context& context);

// Follows config/vllm.py: VllmConfig.__post_init__ from the optimization level up to the CUDA graph
// mode: what nobody set becomes what the level says.
void ApplyOptimizationLevel(const Context& context, EngineConfig* config);
void LimitCudagraphsToModel(const Context& context, EngineConfig* config);

// Follows config/compilation.py: set_splitting_ops_for_v1, after all changes of the mode.
Status SetSplittingOps(const Context& context, EngineConfig* config);

// "piecewise" graphs leave out attention, so they need vLLM's own compilation.
bool HasPiecewiseCudagraphs(const CompilationConfig& compilation);
bool HasFullCudagraphs(const CompilationConfig& compilation);

}  // namespace redline::backends::vllm
