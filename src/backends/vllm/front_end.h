// The checks that `vllm serve` makes of its server's arguments before it looks at the model.
#pragma once

#include "backends/vllm/notes.h"
#include "backends/vllm/serve_arguments.h"
#include "base/status.h"

namespace redline::backends::vllm {

// Follows entrypoints/openai/cli_args.py: validate_parsed_serve_args.
Status ValidateParsedServeArgs(const ServeArguments& arguments, Notes* notes);

// Follows entrypoints/openai/api_server.py: validate_api_server_args. The names are those that
// vLLM brings along; a plugin can register more.
Status ValidateApiServerArgs(const ServeArguments& arguments, Notes* notes);

}  // namespace redline::backends::vllm
