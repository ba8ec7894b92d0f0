// POST /tokenize and /detokenize, in vLLM's forms.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "openai/chat_message.h"
#include "openai/field_table.h"

namespace redline::openai {

struct TokenizeRequest {
  GenerationFields fields;
  std::variant<std::string, std::vector<ChatMessage>> input;  // `prompt` or `messages`
};
Result<TokenizeRequest> ParseTokenizeRequest(std::string_view body);

struct DetokenizeRequest {
  GenerationFields fields;
  std::vector<int32_t> tokens;  // at most 2^20
};
Result<DetokenizeRequest> ParseDetokenizeRequest(std::string_view body);

nlohmann::json TextPromptSchema();
nlohmann::json TokensSchema();

}  // namespace redline::openai
