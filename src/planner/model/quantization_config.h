// Reads how a checkpoint is quantised: config.json's quantization_config, or the
// hf_quant_config.json that ModelOpt writes beside it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/status.h"
#include "planner/model/module_patterns.h"
#include "planner/model/weight_format.h"

namespace redline::planner {

struct Quantization {
  WeightFormat format;
  ModulePatterns unquantized;
  ModuleSet never;  // modules that the method leaves alone whatever the patterns say
};

// `config` is the whole file, `text` its part for the language model (or the file again),
// `hf_quant_config` null where there is none. kUnimplemented for a method that is not known.
Result<Quantization> ReadQuantization(const nlohmann::json& config, const nlohmann::json& text,
                                      const nlohmann::json& hf_quant_config);

}  // namespace redline::planner
