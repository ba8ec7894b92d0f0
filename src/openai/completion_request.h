// POST /v1/completions.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "openai/field_table.h"

namespace redline::openai {

// Text, or token ids (at least one, each 0 to 2^31 - 1; the model's vocabulary is the engine's to
// check).
using Prompt = std::variant<std::string, std::vector<int32_t>>;

struct CompletionRequest {
  GenerationFields fields;
  std::vector<Prompt> prompts;  // at least one; prompts times n at most kMaxChoicesPerRequest
};

Result<CompletionRequest> ParseCompletionRequest(std::string_view body);

nlohmann::json PromptSchema();

}  // namespace redline::openai
