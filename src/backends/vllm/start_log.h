// What vLLM tells in the log of its start.
#pragma once

#include <string_view>

#include "spec/engine_config.h"

namespace redline::backends::vllm {

// From "Initializing a V1 LLM engine (v0.13.0) with config: model='...', dtype=torch.bfloat16,
// ...": each name=value that is a scalar; "version"; from "GPU KV cache size: 12,345 tokens":
// "kv_cache_size_tokens"; from "max_num_batched_tokens=2048": that.
spec::Parameters ReadStartLog(std::string_view log);

// As Python prints it: True, None ("" here), 12, 0.9, 'text', torch.bfloat16 ("bfloat16").
spec::ParameterValue PythonValue(std::string_view text);

}  // namespace redline::backends::vllm
