// The messages of a chat.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::openai {

enum class Role { kSystem, kDeveloper, kUser, kAssistant, kTool };
std::string_view NameOf(Role role);

// A call the assistant made earlier in the chat.
struct MessageToolCall {
  std::string id;
  std::string name;
  std::string arguments;  // as the model wrote them: JSON text, or what should have been
};

struct ChatMessage {
  Role role = Role::kUser;
  std::string content;                      // text parts joined by newlines; "" beside tool calls
  std::string name;                         // optional participant name
  std::string tool_call_id;                 // of tool messages
  std::string reasoning_content;            // of assistant messages
  std::vector<MessageToolCall> tool_calls;  // of assistant messages; at most 128
};

// `body` has `messages`: 1 to 4096. kInvalidArgument with the offending field in `param`
// ("messages[1].content").
Result<std::vector<ChatMessage>> ReadMessages(const nlohmann::json& body);
nlohmann::json MessagesSchema();

// The messages as the "messages" variable of a chat template: a JSON array of objects with `role`,
// `content` and, where given, `name`, `tool_call_id`, `reasoning_content` and `tool_calls`. As in
// vLLM and SGLang, arguments that are a JSON object are given to the template as an object.
std::string MessagesJson(const std::vector<ChatMessage>& messages);

}  // namespace redline::openai
