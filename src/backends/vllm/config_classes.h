// The configuration classes that `vllm serve` takes as JSON, and the checks that their constructors
// make (config/*.py: __post_init__ and the validators).
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "backends/vllm/config_class.h"

namespace redline::backends::vllm {

const ConfigClass& SpeculativeConfigClass();

// The value of a dest that holds a configuration class ("compilation_config"), read and checked;
// other values as they are.
Result<nlohmann::json> ReadConfigArgument(std::string_view dest, const nlohmann::json& value);

}  // namespace redline::backends::vllm
