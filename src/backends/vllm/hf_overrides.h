// --hf-overrides: the model's config.json as the engine sees it.
#pragma once

#include <nlohmann/json.hpp>

#include "base/status.h"

namespace redline::backends::vllm {

// Follows config/model.py: ModelConfig.__post_init__ and transformers_utils/config.py:
// patch_rope_parameters: plain values replace the model's own before its rope parameters are read,
// objects after. The result has "rope_parameters" and no "rope_scaling". kInvalidArgument when
// `overrides` is no object.
Result<nlohmann::json> OverrideHfConfig(nlohmann::json config, const nlohmann::json& overrides);

}  // namespace redline::backends::vllm
