// --lora-modules: adapters by name.
#pragma once

#include <nlohmann/json.hpp>

#include "base/status.h"

namespace redline::backends::vllm {

// Follows entrypoints/openai/cli_args.py: LoRAParserAction: NAME=PATH, or a JSON object with name,
// path and perhaps base_model_name. `items`: the argument's texts, or null.
Status CheckLoraModules(const nlohmann::json& items);

}  // namespace redline::backends::vllm
