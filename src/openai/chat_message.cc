#include "openai/chat_message.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "net/json_body.h"
#include "openai/field_rules.h"
#include "openai/tools.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxNameCharacters = 256;
constexpr std::array<std::string_view, 5> kRoles = {"system", "developer", "user", "assistant",
                                                    "tool"};
constexpr std::string_view kExpectedMessages =
    R"(a list of 1 to 4096 messages, such as [{"role": "user", "content": "Hello"}])";
constexpr std::string_view kContentForm = "a string or a list of text parts";
constexpr std::string_view kToolCallForm =
    R"({"id": ..., "type": "function", "function": {"name": ..., "arguments": "..."}})";

Result<Role> ReadRole(const Json& message, const std::string& path) {
  const auto role = message.find("role");
  if (role == message.end())
    return InvalidArgument(path + ".role is required: system, developer, user, assistant or tool",
                           path + ".role");
  for (size_t index = 0; role->is_string() && index < kRoles.size(); ++index) {
    if (role->get_ref<const std::string&>() == kRoles[index]) return static_cast<Role>(index);
  }
  return WrongValue(path + ".role", "system, developer, user, assistant or tool", *role);
}

// One element of a content list: {"type": "text", "text": "..."}.
Status AppendPart(const Json& part, const std::string& path, bool first, std::string& content) {
  const auto type = part.is_object() ? part.find("type") : part.end();
  if (!part.is_object() || type == part.end() || !type->is_string())
    return WrongValue(path, R"(an object with type "text")", part);
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

// `may_be_missing`: beside tool calls.
Result<std::string> ReadContent(const Json& message, const std::string& path, bool may_be_missing) {
  const std::string param = path + ".content";
  const auto content = message.find("content");
  const bool is_missing = content == message.end();
  if (may_be_missing && (is_missing || content->is_null())) return std::string();
  if (is_missing)
    return InvalidArgument(fmt::format("{} is required: {}", param, kContentForm), param);
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array() || content->empty()) return WrongValue(param, kContentForm, *content);
  std::string text;
  for (size_t index = 0; index < content->size(); ++index) {
    RL_RETURN_IF_ERROR(
        AppendPart((*content)[index], fmt::format("{}[{}]", param, index), index == 0, text));
  }
  return text;
}

Result<std::string> ReadOptionalString(const Json& message, const std::string& path,
                                       const char* key) {
  const auto value = message.find(key);
  if (value == message.end() || value->is_null()) return std::string();
  if (!value->is_string()) return WrongValue(fmt::format("{}.{}", path, key), "a string", *value);
  return value->get<std::string>();
}

Result<std::string> ReadName(const Json& message, const std::string& path, const char* key) {
  const auto value = message.find(key);
  if (value == message.end() || value->is_null()) return std::string();
  if (NumCharacters(*value).value_or(kMaxNameCharacters + 1) > kMaxNameCharacters)
    return WrongValue(fmt::format("{}.{}", path, key),
                      fmt::format("a string of at most {} characters", kMaxNameCharacters), *value);
  return value->get<std::string>();
}

Result<MessageToolCall> ReadToolCall(const Json& value, const std::string& path) {
  const auto function = value.is_object() ? value.find("function") : value.end();
  const bool is_call = value.is_object() && value.value("type", Json("function")) == "function" &&
                       function != value.end() && function->is_object();
  if (!is_call) return WrongValue(path, kToolCallForm, value);
  MessageToolCall call;
  RL_ASSIGN_OR_RETURN(call.id, ReadName(value, path, "id"));
  if (call.id.empty()) return InvalidArgument(path + ".id is required", path + ".id");
  const auto name = function->find("name");
  if (name == function->end() || !name->is_string() ||
      !IsFunctionName(name->get_ref<const std::string&>())) {
    return InvalidArgument(path + ".function.name must be 1 to 64 letters, digits, _, . or -",
                           path + ".function.name");
  }
  call.name = *name;
  const auto arguments = function->find("arguments");
  if (arguments == function->end() || !arguments->is_string())
    return InvalidArgument(path + ".function.arguments must be a string: JSON text",
                           path + ".function.arguments");
  call.arguments = *arguments;
  return call;
}

Status ReadToolCalls(const Json& json, const std::string& path, ChatMessage& message) {
  const auto calls = json.find("tool_calls");
  if (calls == json.end() || calls->is_null()) return OkStatus();
  const std::string param = path + ".tool_calls";
  if (!calls->is_array() || calls->size() > kMaxTools)
    return WrongValue(param, fmt::format("a list of at most {} calls", kMaxTools), *calls);
  if (!calls->empty() && message.role != Role::kAssistant)
    return InvalidArgument(param + " is only for role assistant", param);
  for (size_t index = 0; index < calls->size(); ++index) {
    RL_ASSIGN_OR_RETURN(MessageToolCall call,
                        ReadToolCall((*calls)[index], fmt::format("{}[{}]", param, index)));
    message.tool_calls.push_back(std::move(call));
  }
  return OkStatus();
}

// What a message may carry that this version cannot render.
Status RefuseUnsupported(const Json& message, const std::string& path) {
  for (const char* key : {"function_call", "audio", "refusal", "prefix"}) {
    const auto value = message.find(key);
    if (value == message.end() || value->is_null() || *value == false) continue;
    const std::string param = fmt::format("{}.{}", path, key);
    return InvalidArgument(param + " is not supported by this version", param);
  }
  return OkStatus();
}

Result<ChatMessage> ReadMessage(const Json& json, const std::string& path) {
  if (!json.is_object()) return WrongValue(path, "an object with role and content", json);
  ChatMessage message;
  RL_ASSIGN_OR_RETURN(message.role, ReadRole(json, path));
  RL_RETURN_IF_ERROR(RefuseUnsupported(json, path));
  RL_RETURN_IF_ERROR(ReadToolCalls(json, path, message));
  RL_ASSIGN_OR_RETURN(message.content, ReadContent(json, path, !message.tool_calls.empty()));
  RL_ASSIGN_OR_RETURN(message.name, ReadName(json, path, "name"));
  RL_ASSIGN_OR_RETURN(message.tool_call_id, ReadName(json, path, "tool_call_id"));
  RL_ASSIGN_OR_RETURN(message.reasoning_content,
                      ReadOptionalString(json, path, "reasoning_content"));
  if (message.role == Role::kTool && message.tool_call_id.empty())
    return InvalidArgument(path + ".tool_call_id is required for role tool",
                           path + ".tool_call_id");
  return message;
}

// Model output is not always what it should be: what is no JSON object stays text.
std::string ArgumentsJson(const std::string& arguments) {
  if (arguments.empty()) return "{}";
  return net::ParseJsonObject(arguments).ok() ? arguments : net::JsonString(arguments);
}

void AppendMember(std::string& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out += fmt::format(",\"{}\":{}", name, net::JsonString(text));
}

std::string ToolCallsJson(const std::vector<MessageToolCall>& calls) {
  std::string out = "[";
  for (const MessageToolCall& call : calls) {
    if (out.size() > 1) out += ',';
    out += fmt::format(R"({{"id":{},"type":"function","function":{{"name":{},"arguments":{}}}}})",
                       net::JsonString(call.id), net::JsonString(call.name),
                       ArgumentsJson(call.arguments));
  }
  return out += ']';
}

Json TextSchema() { return {{"type", "string"}}; }
Json OptionalTextSchema() { return {{"type", {"string", "null"}}}; }

Json ContentSchema() {
  const Json part = {{"type", "object"},
                     {"properties", {{"type", {{"const", "text"}}}, {"text", TextSchema()}}},
                     {"required", {"type", "text"}}};
  return {{"anyOf", {TextSchema(), Json{{"type", "array"}, {"minItems", 1}, {"items", part}}}}};
}

Json ToolCallsSchema() {
  const Json function = {{"type", "object"},
                         {"properties",
                          {{"name", {{"type", "string"}, {"pattern", "^[a-zA-Z0-9_.-]{1,64}$"}}},
                           {"arguments", TextSchema()}}},
                         {"required", {"name", "arguments"}}};
  const Json call = {
      {"type", "object"},
      {"properties",
       {{"id", {{"type", "string"}, {"minLength", 1}, {"maxLength", kMaxNameCharacters}}},
        {"type", {{"const", "function"}}},
        {"function", function}}},
      {"required", {"id", "function"}}};
  return {{"type", "array"}, {"minItems", 1}, {"maxItems", kMaxTools}, {"items", call}};
}

Json MessageSchema(Json roles, Json more, Json required) {
  const Json name = {{"type", {"string", "null"}}, {"maxLength", kMaxNameCharacters}};
  const Json nothing = {{"enum", {nullptr, false}}};
  Json properties = {{"role", {{"enum", std::move(roles)}}},
                     {"content", ContentSchema()},
                     {"name", name},
                     {"tool_call_id", name},
                     {"reasoning_content", OptionalTextSchema()},
                     {"tool_calls", {{"enum", {nullptr, Json::array()}}}},
                     {"function_call", nothing},
                     {"audio", nothing},
                     {"refusal", nothing},
                     {"prefix", nothing}};
  properties.update(more);
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

}  // namespace

std::string_view NameOf(Role role) { return kRoles.at(static_cast<size_t>(role)); }

Result<std::vector<ChatMessage>> ReadMessages(const Json& body) {
  const auto list = body.find("messages");
  if (list == body.end())
    return InvalidArgument(fmt::format("messages is required: {}", kExpectedMessages), "messages");
  if (!list->is_array() || list->empty()) return WrongValue("messages", kExpectedMessages, *list);
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

std::string MessagesJson(const std::vector<ChatMessage>& messages) {
  std::string out = "[";
  for (const ChatMessage& message : messages) {
    if (out.size() > 1) out += ',';
    out += fmt::format(R"({{"role":"{}","content":)", NameOf(message.role));
    net::AppendJsonString(out, message.content);
    AppendMember(out, "name", message.name);
    AppendMember(out, "tool_call_id", message.tool_call_id);
    AppendMember(out, "reasoning_content", message.reasoning_content);
    if (!message.tool_calls.empty()) out += ",\"tool_calls\":" + ToolCallsJson(message.tool_calls);
    out += '}';
  }
  return out += ']';
}

Json MessagesSchema() {
  const Json said = MessageSchema({"system", "developer", "user", "assistant"}, Json::object(),
                                  {"role", "content"});
  Json calling = {{"tool_calls", ToolCallsSchema()}, {"content", ContentSchema()}};
  calling["content"]["anyOf"].push_back({{"type", "null"}});
  const Json tool = {
      {"tool_call_id", {{"type", "string"}, {"minLength", 1}, {"maxLength", kMaxNameCharacters}}}};
  return {{"type", "array"},
          {"minItems", 1},
          {"maxItems", kMaxMessages},
          {"items",
           {{"anyOf",
             {said, MessageSchema(Json::array({"assistant"}), calling, {"role", "tool_calls"}),
              MessageSchema(Json::array({"tool"}), tool, {"role", "content", "tool_call_id"})}}}}};
}

}  // namespace redline::openai
