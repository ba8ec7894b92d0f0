// Step 7 of create_engine_config: the attention backend, as far as it is decided before the model
// is loaded.
#pragma once

#include "backends/vllm/engine_config.h"
#include "base/status.h"

namespace redline::backends::vllm {

// Follows config/attention.py: AttentionConfig.__post_init__, whose variables count more than
// --attention-config, and EngineArgs.create_engine_config for --attention-backend.
Result<AttentionConfig> CreateAttentionConfig(const Context& context);

}  // namespace redline::backends::vllm
