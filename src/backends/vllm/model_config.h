// Step 1 of create_engine_config: the model.
#pragma once

#include "backends/vllm/engine_config.h"
#include "base/status.h"

namespace redline::backends::vllm {

// Follows config/model.py: ModelConfig.__post_init__.
Result<ModelConfig> CreateModelConfig(const Context& context);

// Follows config/model.py: ModelConfig.verify_with_parallel_config.
Status VerifyModelWithParallel(const ModelConfig& model, const ParallelConfig& parallel);

// Whether the model pools, or was given a pooler's configuration.
bool HasPooler(const Context& context, const ModelConfig& model);

// Whether the scheduler may cut prompts into chunks, and reuse prefixes
// (is_chunked_prefill_supported and is_prefix_caching_supported).
bool SupportsChunkedPrefill(const Context& context, const ModelConfig& model);
bool SupportsPrefixCaching(const Context& context, const ModelConfig& model);

}  // namespace redline::backends::vllm
