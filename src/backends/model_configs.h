// The config.json of models that the catalogue knows by name: the fields on which engines decide,
// as their publishers wrote them (catalog/configs/).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::backends {

std::vector<std::string> ModelConfigNames();
// By name in any case, with or without the organisation: "DeepSeek-V3.2",
// "deepseek-ai/deepseek-v3.2". kNotFound with the nearest name.
Result<nlohmann::json> FindModelConfig(std::string_view name);

}  // namespace redline::backends
