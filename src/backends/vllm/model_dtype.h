// The dtype a model computes in.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::backends::vllm {

struct ModelDtype {
  std::string dtype;    // "bfloat16", "float16", "float32"
  std::string warning;  // "": none
};

// Follows config/model.py: _get_and_verify_dtype. `asked` is --dtype.
Result<ModelDtype> ResolveDtype(const nlohmann::json& hf_config, std::string_view asked,
                                int compute_capability, bool is_pooling);

}  // namespace redline::backends::vllm
