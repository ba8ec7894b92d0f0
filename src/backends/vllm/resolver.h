// What vLLM 0.13.0 will really run, known before it starts.
#pragma once

#include "backends/resolution.h"

namespace redline::backends::vllm {

// The arguments are those of `vllm serve`, the model with or without its flag. `resolved` has the
// engine's groups: model, parallel, cache, scheduler, attention, compilation, speculative, and
// optimization_level. Thread-safe.
//
// Stages of a refusal: "argparse", "validate_parsed_serve_args", "validate_api_server_args",
// "create_engine_config". What is decided after the weights are loaded (the attention kernel, the
// KV cache's size) is not here.
EngineResolution Resolve(const ResolveRequest& request);

EngineResolver Resolver();

}  // namespace redline::backends::vllm
