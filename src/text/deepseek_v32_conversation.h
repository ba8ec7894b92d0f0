// The conversation that deepseek_v32_encoding.cc renders, read from a template's context. Values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::text::dsv32 {

struct ToolCall {
  std::string name;
  std::string parameters;  // the arguments as DSML, one parameter a line
};

struct Message {
  std::string role;
  std::string content;
  std::string reasoning;
  std::vector<std::string> tools;  // each tool's "function", as Python prints it
  std::string response_format;     // as Python prints it, or ""
  std::vector<ToolCall> tool_calls;
};

struct Conversation {
  std::vector<Message> messages;
  size_t num_context = 0;  // of these, the first that are not rendered
  bool thinking = false;
  bool add_generation_prompt = true;
  bool add_bos = true;
};

// kInvalidArgument naming the field, as in "messages[0].content must be a string".
Result<Conversation> ReadConversation(std::string_view context_json);

}  // namespace redline::text::dsv32
