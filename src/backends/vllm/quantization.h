// How a checkpoint's own quantization and --quantization become one method.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/status.h"

namespace redline::backends::vllm {

struct Quantization {
  std::optional<std::string> method;
  bool has_blocked_weights = false;
};

// Follows config/model.py: ModelConfig._verify_quantization, and each method's
// override_quantization_method. kInvalidArgument when the two do not go together.
Result<Quantization> ResolveQuantization(const nlohmann::json& hf_config,
                                         std::optional<std::string> asked, int compute_capability);

// Follows config/vllm.py: VllmConfig._get_quantization_config: kInvalidArgument when the GPU is too
// old for the method, or the method cannot compute in `dtype`.
Status CheckQuantization(const std::string& method, int compute_capability,
                         const std::string& dtype);

}  // namespace redline::backends::vllm
