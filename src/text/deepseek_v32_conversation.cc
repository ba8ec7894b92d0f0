#include "text/deepseek_v32_conversation.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>

#include "text/json_text.h"

namespace redline::text::dsv32 {
namespace {

// `where` is the field for messages: "messages[0].content".
Status Wrong(std::string_view where, std::string_view expected) {
  return InvalidArgument(fmt::format("{} must be {}", where, expected), std::string(where));
}

Result<std::string> ReadString(const JsonText& value, const std::string& where) {
  if (value.IsNull()) return std::string();
  if (!value.IsString()) return Wrong(where, "a string");
  return value.String();
}

Result<bool> ReadBool(const JsonText& value, const std::string& where) {
  if (value.text() != "true" && value.text() != "false") return Wrong(where, "true or false");
  return value.text() == "true";
}

std::optional<JsonText> Member(const JsonText& object, std::string_view key) {
  if (!object.IsObject()) return std::nullopt;
  for (const auto& [name, value] : object.Members())
    if (name == key) return value;
  return std::nullopt;
}

Result<std::vector<std::string>> ReadTools(const JsonText& tools, const std::string& where) {
  std::vector<std::string> functions;
  if (tools.IsNull()) return functions;
  if (!tools.IsArray()) return Wrong(where, "an array of tools");
  for (const JsonText& tool : tools.Items()) {
    const auto function = Member(tool, "function");
    if (!function || !function->IsObject())
      return Wrong(fmt::format("{}[{}].function", where, functions.size()), "an object");
    functions.push_back(function->Python());
  }
  return functions;
}

std::string Parameters(const JsonText& arguments) {
  std::string out;
  for (const auto& [key, value] : arguments.Members()) {
    if (!out.empty()) out += '\n';
    out += fmt::format("<｜DSML｜parameter name=\"{}\" string=\"{}\">", key, value.IsString());
    out += value.IsString() ? value.String() : value.Python();
    out += "</｜DSML｜parameter>";
  }
  return out;
}

Result<ToolCall> ReadToolCall(const JsonText& call, const std::string& where) {
  const auto function = Member(call, "function");
  const auto name = function ? Member(*function, "name") : std::nullopt;
  const auto arguments = function ? Member(*function, "arguments") : std::nullopt;
  if (!name || !name->IsString()) return Wrong(where + ".function.name", "a string");
  const std::string field = where + ".function.arguments";
  if (!arguments) return Wrong(field, "a JSON object or its text");
  const std::string text(arguments->IsString() ? arguments->String() : arguments->text());
  const auto checked = JsonText::Check(text);
  if (!checked.ok()) return checked.status().WithContext(field);
  if (!checked->IsObject()) return Wrong(field, "a JSON object or its text");
  return ToolCall{name->String(), Parameters(*checked)};
}

Result<std::vector<ToolCall>> ReadToolCalls(const JsonText& calls, const std::string& where) {
  std::vector<ToolCall> read;
  if (calls.IsNull()) return read;
  if (!calls.IsArray()) return Wrong(where, "an array of tool calls");
  for (const JsonText& call : calls.Items()) {
    RL_ASSIGN_OR_RETURN(ToolCall one,
                        ReadToolCall(call, fmt::format("{}[{}]", where, read.size())));
    read.push_back(std::move(one));
  }
  return read;
}

Status ReadField(std::string_view key, const JsonText& value, const std::string& where,
                 Message* message) {
  if (key == "role") {
    RL_ASSIGN_OR_RETURN(message->role, ReadString(value, where));
  } else if (key == "content") {
    RL_ASSIGN_OR_RETURN(message->content, ReadString(value, where));
  } else if (key == "reasoning_content") {
    RL_ASSIGN_OR_RETURN(message->reasoning, ReadString(value, where));
  } else if (key == "tools") {
    RL_ASSIGN_OR_RETURN(message->tools, ReadTools(value, where));
  } else if (key == "tool_calls") {
    RL_ASSIGN_OR_RETURN(message->tool_calls, ReadToolCalls(value, where));
  } else if (key == "response_format" && !value.IsNull()) {
    message->response_format = value.Python();
    if (message->response_format == "{}") message->response_format.clear();
  }
  return OkStatus();
}

Status ReadMessages(const JsonText& messages, const std::string& where, std::vector<Message>* out) {
  if (!messages.IsArray()) return Wrong(where, "an array of messages");
  size_t index = 0;
  for (const JsonText& item : messages.Items()) {
    const std::string field = fmt::format("{}[{}]", where, index++);
    if (!item.IsObject()) return Wrong(field, "an object");
    Message message;
    for (const auto& [key, value] : item.Members())
      RL_RETURN_IF_ERROR(ReadField(key, value, field + "." + key, &message));
    out->push_back(std::move(message));
  }
  return OkStatus();
}

void AddTools(std::vector<std::string> tools, Conversation* conversation) {
  if (tools.empty()) return;
  auto& messages = conversation->messages;
  const bool has_head =
      !messages.empty() && (messages[0].role == "system" || messages[0].role == "developer");
  if (!has_head) {
    messages.insert(messages.begin(), Message{.role = "system"});
    if (conversation->num_context > 0) ++conversation->num_context;
  }
  auto& head = messages[0].tools;
  head.insert(head.end(), std::make_move_iterator(tools.begin()),
              std::make_move_iterator(tools.end()));
}

void Append(std::vector<Message> messages, std::vector<Message>* out) {
  out->insert(out->end(), std::make_move_iterator(messages.begin()),
              std::make_move_iterator(messages.end()));
}

}  // namespace

Result<Conversation> ReadConversation(std::string_view context_json) {
  RL_ASSIGN_OR_RETURN(const JsonText context, JsonText::Check(context_json));
  if (!context.IsObject()) return Wrong("the context", "an object");
  Conversation conversation;
  std::vector<Message> messages;
  std::vector<std::string> tools;
  for (const auto& [key, value] : context.Members()) {
    if (key == "messages") {
      RL_RETURN_IF_ERROR(ReadMessages(value, key, &messages));
    } else if (key == "context") {
      RL_RETURN_IF_ERROR(ReadMessages(value, key, &conversation.messages));
    } else if (key == "tools") {
      RL_ASSIGN_OR_RETURN(tools, ReadTools(value, key));
    } else if (key == "thinking" || key == "enable_thinking") {
      RL_ASSIGN_OR_RETURN(conversation.thinking, ReadBool(value, key));
    } else if (key == "add_generation_prompt") {
      RL_ASSIGN_OR_RETURN(conversation.add_generation_prompt, ReadBool(value, key));
    } else if (key == "add_default_bos_token") {
      RL_ASSIGN_OR_RETURN(conversation.add_bos, ReadBool(value, key));
    }
  }
  conversation.num_context = conversation.messages.size();
  Append(std::move(messages), &conversation.messages);
  AddTools(std::move(tools), &conversation);
  return conversation;
}

}  // namespace redline::text::dsv32
