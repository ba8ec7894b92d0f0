// Step 5 of create_engine_config: speculative decoding.
#pragma once

#include "backends/vllm/engine_config.h"
#include "base/status.h"

namespace redline::backends::vllm {

// Follows EngineArgs._check_feature_supported, as far as it concerns the draft.
Status CheckSpeculativeSupported(const Context& context);

// Follows config/speculative.py: SpeculativeConfig.__post_init__ and _verify_args. nullopt: none
// was asked for. A draft model of its own is taken as it is named: its config.json is not known.
Result<std::optional<SpeculativeConfig>> CreateSpeculativeConfig(const Context& context,
                                                                 const ModelConfig& model,
                                                                 const ParallelConfig& parallel);

}  // namespace redline::backends::vllm
