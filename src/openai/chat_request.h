// POST /v1/chat/completions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "openai/field_table.h"

namespace redline::openai {

enum class Role { kSystem, kDeveloper, kUser, kAssistant, kTool };
std::string_view NameOf(Role role);

struct ChatMessage {
  Role role = Role::kUser;
  std::string content;       // text parts joined by newlines
  std::string name;          // optional participant name
  std::string tool_call_id;  // of tool messages
};

struct ChatRequest {
  GenerationFields fields;
  std::vector<ChatMessage> messages;  // 1 to 4096
};

// kInvalidArgument with the offending field in `param` ("messages[1].content"), kTooLarge.
Result<ChatRequest> ParseChatRequest(std::string_view body);

// The messages as the "messages" variable of a chat template: a JSON array of objects with `role`,
// `content` and, where given, `name` and `tool_call_id`.
std::string MessagesJson(const std::vector<ChatMessage>& messages);

}  // namespace redline::openai
