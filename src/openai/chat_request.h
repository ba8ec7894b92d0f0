// POST /v1/chat/completions.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "openai/chat_message.h"
#include "openai/field_table.h"

namespace redline::openai {

struct ChatRequest {
  GenerationFields fields;
  std::vector<ChatMessage> messages;
};

// kInvalidArgument with the offending field in `param` ("messages[1].content"), kTooLarge.
Result<ChatRequest> ParseChatRequest(std::string_view body);

}  // namespace redline::openai
