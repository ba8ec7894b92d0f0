// Reads the shape of a model from its config.json. Pure functions; every field is bounded before
// anything is made of it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/status.h"
#include "planner/model/model_shape.h"

namespace redline::planner {

// A model inside one that sees ("text_config") counts alone. `hf_quant_config` is the object of the
// file that ModelOpt writes beside config.json; null where there is none.
//
// kUnimplemented: a model_type or quantisation that is not known, with those that are.
// kInvalidArgument: a key that is missing or out of bounds, named in `param`.
Result<ModelShape> ModelShapeFromConfig(const nlohmann::json& config,
                                        const nlohmann::json& hf_quant_config);
Result<ModelShape> ModelShapeFromConfig(const nlohmann::json& config);

// The same of the file's text.
Result<ModelShape> ModelShapeFromText(std::string_view config_json);

}  // namespace redline::planner
