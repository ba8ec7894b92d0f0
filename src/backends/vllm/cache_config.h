// Step 3 of create_engine_config: the KV cache.
#pragma once

#include "backends/vllm/engine_config.h"
#include "base/status.h"

namespace redline::backends::vllm {

// Follows config/cache.py: CacheConfig. `enable_prefix_caching` is the scheduler step's.
Result<CacheConfig> CreateCacheConfig(const Context& context, bool enable_prefix_caching);

// Follows models/config.py: MODELS_CONFIG_MAP, as far as the cache goes.
void AdjustCacheToModel(const Context& context, const ModelConfig& model, CacheConfig* cache);

}  // namespace redline::backends::vllm
