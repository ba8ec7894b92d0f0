#include "engine/api/tool_prompt.h"

#include <algorithm>
#include <string>
#include <utility>

namespace redline::engine {
namespace {

std::string_view CallForm(std::string_view tool_call_parser) {
  if (tool_call_parser == "hermes" || tool_call_parser == "qwen")
    return "<tool_call>\n{\"name\": \"FUNCTION\", \"arguments\": {...}}\n</tool_call>";
  if (tool_call_parser == "llama3_json") return R"({"name": "FUNCTION", "parameters": {...}})";
  if (tool_call_parser == "mistral")
    return R"([TOOL_CALLS][{"name": "FUNCTION", "arguments": {...}}])";
  return R"({"name": "FUNCTION", "arguments": {...}})";
}

std::string Description(const std::vector<openai::Tool>& tools, std::string_view tool_call_parser) {
  std::string text = "You can call these functions:\n";
  for (const openai::Tool& tool : tools) text += tool.json + "\n";
  text += "To call one, answer with nothing but\n";
  text += CallForm(tool_call_parser);
  return text += "\nwith arguments as its parameters say. If none of them helps, answer in words.";
}

}  // namespace

std::vector<openai::ChatMessage> WithToolDescription(std::vector<openai::ChatMessage> messages,
                                                     const std::vector<openai::Tool>& tools,
                                                     std::string_view tool_call_parser,
                                                     DescribeIn place) {
  const openai::Role role =
      place == DescribeIn::kSystem ? openai::Role::kSystem : openai::Role::kUser;
  std::string text = Description(tools, tool_call_parser);
  const auto found = std::find_if(messages.begin(), messages.end(),
                                  [&](const auto& message) { return message.role == role; });
  if (found == messages.end()) {
    messages.insert(messages.begin(), openai::ChatMessage{.role = role, .content = text});
  } else {
    found->content = text + "\n\n" + found->content;
  }
  return messages;
}

}  // namespace redline::engine
