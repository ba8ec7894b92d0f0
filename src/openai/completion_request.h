// POST /v1/completions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "openai/field_table.h"

namespace redline::openai {

struct CompletionRequest {
  GenerationFields fields;
  // Text, or token ids (at least one, each 0 to 2^31 - 1; the model's vocabulary is the engine's to
  // check). A list with exactly one prompt is read as that prompt; longer lists are refused.
  std::variant<std::string, std::vector<int32_t>> prompt;
};

Result<CompletionRequest> ParseCompletionRequest(std::string_view body);

}  // namespace redline::openai
