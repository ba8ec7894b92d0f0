// What TensorRT-LLM would make of its arguments, as far as that is known without its package, which
// no ordinary index has: the options of `trtllm-serve` and what becomes of them up to the mapping
// of ranks. Never run here, and not held against the engine's running code.
//
// The sources are tensorrt_llm/commands/serve.py (commit 00209af1) and llmapi/llm_args.py, between
// 1.2.0rc5 and 1.3.0rc0. Not checked: the values of --reasoning_parser, --tool_parser and
// --server_role, paths, the model's limits, and the file of --config, which the engine alone reads.
#pragma once

#include "backends/resolution.h"

namespace redline::backends::tensorrt_llm {

EngineResolver Resolver();

}  // namespace redline::backends::tensorrt_llm
