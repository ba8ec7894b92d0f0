// The longest sequence a model is served with.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/status.h"

namespace redline::backends::vllm {

struct ModelLength {
  int64_t max_model_len = 0;
  std::string warning;  // "": none
};

// The model's rope parameters: "rope_scaling", the older name, counts first; null when it has none.
nlohmann::json RopeParameters(const nlohmann::json& config);

// Follows config/model.py: _get_and_verify_max_len. kInvalidArgument when `asked` is more than the
// model was made for and `allow_longer` (VLLM_ALLOW_LONG_MAX_MODEL_LEN) is not set.
Result<ModelLength> ResolveModelLength(const nlohmann::json& text_config,
                                       std::optional<int64_t> asked, bool disable_sliding_window,
                                       bool allow_longer);

}  // namespace redline::backends::vllm
