#include "openai/chat_request.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "net/json_body.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxMessages = 4096;
constexpr std::array<std::string_view, 5> kRoles = {"system", "developer", "user", "assistant",
                                                    "tool"};

Status Wrong(std::string param, std::string_view expected, const Json& value) {
  return InvalidArgument(
      fmt::format("{} must be {}, got {}", param, expected, net::JsonExcerpt(value)),
      std::move(param));
}

Result<Role> ReadRole(const Json& message, const std::string& path) {
  const auto role = message.find("role");
  if (role == message.end())
    return InvalidArgument(path + ".role is required: system, developer, user, assistant or tool",
                           path + ".role");
  for (size_t index = 0; role->is_string() && index < kRoles.size(); ++index) {
    if (role->get_ref<const std::string&>() == kRoles[index]) return static_cast<Role>(index);
  }
  return Wrong(path + ".role", "system, developer, user, assistant or tool", *role);
}

// One element of a content list: {"type": "text", "text": "..."}.
Status AppendPart(const Json& part, const std::string& path, bool first, std::string& content) {
  const auto type = part.is_object() ? part.find("type") : part.end();
  if (!part.is_object() || type == part.end() || !type->is_string())
    return Wrong(path, R"(an object with type "text")", part);
  if (*type != "text") {
    return InvalidArgument(fmt::format("{} has type {}; this version takes only text parts", path,
                                       net::JsonExcerpt(*type)),
                           path);
  }
  const auto text = part.find("text");
  if (text == part.end() || !text->is_string())
    return InvalidArgument(path + ".text must be a string", path + ".text");
  if (!first) content += '\n';
  content += text->get_ref<const std::string&>();
  return OkStatus();
}

Result<std::string> ReadContent(const Json& message, const std::string& path) {
  const std::string param = path + ".content";
  const auto content = message.find("content");
  if (content == message.end())
    return InvalidArgument(param + " is required: a string or a list of text parts", param);
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array() || content->empty())
    return Wrong(param, "a string or a list of text parts", *content);
  std::string text;
  for (size_t index = 0; index < content->size(); ++index) {
    RL_RETURN_IF_ERROR(
        AppendPart((*content)[index], fmt::format("{}[{}]", param, index), index == 0, text));
  }
  return text;
}

Result<std::string> ReadOptionalString(const Json& message, const std::string& path,
                                       const char* key, size_t max_bytes) {
  const auto value = message.find(key);
  if (value == message.end() || value->is_null()) return std::string();
  if (!value->is_string() || value->get_ref<const std::string&>().size() > max_bytes)
    return Wrong(fmt::format("{}.{}", path, key),
                 fmt::format("a string of at most {} bytes", max_bytes), *value);
  return value->get<std::string>();
}

// What a message may carry that this version cannot render.
Status RefuseUnsupported(const Json& message, const std::string& path) {
  for (const char* key : {"tool_calls", "function_call", "audio", "refusal", "prefix",
                          "reasoning_content", "reasoning"}) {
    const auto value = message.find(key);
    if (value == message.end() || value->is_null() || value->empty() || *value == "" ||
        *value == false)
      continue;
    const std::string param = fmt::format("{}.{}", path, key);
    return InvalidArgument(param + " is not supported by this version", param);
  }
  return OkStatus();
}

Result<ChatMessage> ReadMessage(const Json& json, const std::string& path) {
  if (!json.is_object()) return Wrong(path, "an object with role and content", json);
  ChatMessage message;
  RL_ASSIGN_OR_RETURN(message.role, ReadRole(json, path));
  RL_RETURN_IF_ERROR(RefuseUnsupported(json, path));
  RL_ASSIGN_OR_RETURN(message.content, ReadContent(json, path));
  RL_ASSIGN_OR_RETURN(message.name, ReadOptionalString(json, path, "name", 256));
  RL_ASSIGN_OR_RETURN(message.tool_call_id, ReadOptionalString(json, path, "tool_call_id", 256));
  if (message.role == Role::kTool && message.tool_call_id.empty())
    return InvalidArgument(path + ".tool_call_id is required for role tool",
                           path + ".tool_call_id");
  return message;
}

Result<std::vector<ChatMessage>> ReadMessages(const Json& body) {
  const auto list = body.find("messages");
  if (list == body.end())
    return InvalidArgument("messages is required: a list of messages", "messages");
  if (!list->is_array() || list->empty()) return Wrong("messages", "a list of messages", *list);
  if (list->size() > kMaxMessages) {
    return InvalidArgument(
        fmt::format("messages has {} entries; the limit is {}", list->size(), kMaxMessages),
        "messages");
  }
  std::vector<ChatMessage> messages;
  for (size_t index = 0; index < list->size(); ++index) {
    RL_ASSIGN_OR_RETURN(auto message,
                        ReadMessage((*list)[index], fmt::format("messages[{}]", index)));
    messages.push_back(std::move(message));
  }
  return messages;
}

}  // namespace

std::string_view NameOf(Role role) { return kRoles.at(static_cast<size_t>(role)); }

Result<ChatRequest> ParseChatRequest(std::string_view body) {
  RL_ASSIGN_OR_RETURN(const Json json, net::ParseJsonObject(body));
  ChatRequest request;
  RL_ASSIGN_OR_RETURN(request.fields, ReadFields(json, Endpoint::kChatCompletions));
  RL_ASSIGN_OR_RETURN(request.messages, ReadMessages(json));
  return request;
}

std::string MessagesJson(const std::vector<ChatMessage>& messages) {
  std::string out = "[";
  for (const ChatMessage& message : messages) {
    if (out.size() > 1) out += ',';
    out += fmt::format(R"({{"role":"{}","content":)", NameOf(message.role));
    net::AppendJsonString(out, message.content);
    if (!message.name.empty()) out += ",\"name\":" + net::JsonString(message.name);
    if (!message.tool_call_id.empty())
      out += ",\"tool_call_id\":" + net::JsonString(message.tool_call_id);
    out += '}';
  }
  return out += ']';
}

}  // namespace redline::openai
