#include "text/deepseek_v32_encoding.h"

#include <fmt/format.h>

#include "text/deepseek_v32_conversation.h"

namespace redline::text {
namespace {

using dsv32::Conversation;
using dsv32::Message;
using dsv32::ToolCall;

constexpr std::string_view kBos = "<｜begin▁of▁sentence｜>";
constexpr std::string_view kEos = "<｜end▁of▁sentence｜>";
constexpr std::string_view kUser = "<｜User｜>";
constexpr std::string_view kAssistant = "<｜Assistant｜>";
constexpr std::string_view kThink = "<think>";
constexpr std::string_view kEndThink = "</think>";

constexpr std::string_view kToolsHead =
    R"(## Tools

You have access to a set of tools you can use to answer the user's question.
You can invoke functions by writing a "<｜DSML｜function_calls>" block like the following as part of your reply to the user:
<｜DSML｜function_calls>
<｜DSML｜invoke name="$FUNCTION_NAME">
<｜DSML｜parameter name="$PARAMETER_NAME" string="true|false">$PARAMETER_VALUE</｜DSML｜parameter>
...
</｜DSML｜invoke>
<｜DSML｜invoke name="$FUNCTION_NAME2">
...
</｜DSML｜invoke>
</｜DSML｜function_calls>

String and scalar parameters should be specified as is without any escaping or quotes, while lists and objects should use JSON format. The "string" attribute should be set to "true" for string type parameters and "false" for other types (numbers, booleans, arrays, objects).

If the thinking_mode is enabled, then after function results you should strongly consider outputting a thinking block. Here is an example:

<｜DSML｜function_calls>
...
</｜DSML｜function_calls>

<function_results>
...
</function_results>

<think>...thinking about results</think>

Here are the functions available in JSONSchema format:
<functions>
)";
constexpr std::string_view kToolsTail = "</functions>\n";

// The index after the last message of a user or developer.
size_t AfterLastUser(const std::vector<Message>& messages) {
  for (size_t index = messages.size(); index > 0; --index) {
    const std::string& role = messages[index - 1].role;
    if (role == "user" || role == "developer") return index;
  }
  return 0;
}

Status Invalid(size_t index, std::string_view problem) {
  return InvalidArgument(fmt::format("messages[{}]: {}", index, problem), "messages");
}

class Renderer {
 public:
  explicit Renderer(const Conversation& conversation)
      : conversation_(conversation), after_last_user_(AfterLastUser(conversation.messages)) {}

  Result<std::string> Render() {
    const auto& messages = conversation_.messages;
    if (conversation_.add_bos && conversation_.num_context == 0) out_ += kBos;
    for (size_t index = 0; index < messages.size(); ++index) {
      if (index == conversation_.num_context && index > 0) out_.clear();
      RL_RETURN_IF_ERROR(RenderMessage(index, messages[index]));
    }
    return std::move(out_);
  }

 private:
  Status RenderMessage(size_t index, const Message& message) {
    if (message.role == "tool") return RenderToolResult(index, message);
    num_calls_ = num_results_ = 0;
    if (message.role == "system") return RenderSystem(message);
    if (message.role == "user") return RenderUser(index, message.content);
    if (message.role == "developer") return RenderDeveloper(index, message);
    if (message.role == "assistant") return RenderAssistant(index, message);
    return Invalid(index, fmt::format("unknown role \"{}\"; known are: system, developer, user, "
                                      "assistant, tool",
                                      message.role));
  }

  Status RenderSystem(const Message& message) {
    out_ += message.content;
    RenderHead(message);
    return OkStatus();
  }

  void RenderHead(const Message& message) {
    if (!message.tools.empty()) {
      out_ += "\n\n";
      out_ += kToolsHead;
      for (const std::string& tool : message.tools) out_ += tool + "\n";
      out_ += kToolsTail;
    }
    if (!message.response_format.empty()) {
      out_ +=
          "\n\n## Response Format:\n\n"
          "You MUST strictly adhere to the following schema to reply:\n";
      out_ += message.response_format;
    }
  }

  Status RenderUser(size_t index, const std::string& content) {
    out_ += kUser;
    out_ += content;
    RenderTurn(index, kAssistant, index + 1 == after_last_user_);
    return OkStatus();
  }

  Status RenderDeveloper(size_t index, const Message& message) {
    if (message.content.empty()) return Invalid(index, "a developer message needs content");
    out_ += kUser;
    RenderHead(message);
    out_ += "\n\n# The user's message is: " + message.content;
    RenderTurn(index, kAssistant, index + 1 == after_last_user_);
    return OkStatus();
  }

  // The start of the assistant's turn.
  void RenderTurn(size_t index, std::string_view start, bool is_current) {
    const bool is_last = index + 1 == conversation_.messages.size();
    if (is_last && !conversation_.add_generation_prompt) return;
    out_ += start;
    out_ += conversation_.thinking && is_current ? kThink : kEndThink;
  }

  Status RenderToolResult(size_t index, const Message& message) {
    if (num_results_ == num_calls_)
      return Invalid(index, "a tool message must follow an assistant message with a call for it");
    if (num_results_++ == 0) out_ += "\n\n<function_results>";
    out_ += "\n<result>" + message.content + "</result>";
    if (num_results_ < num_calls_) return OkStatus();
    out_ += "\n</function_results>";
    RenderTurn(index, "\n\n", index + 1 >= after_last_user_);
    return OkStatus();
  }

  Status RenderAssistant(size_t index, const Message& message) {
    num_calls_ = message.tool_calls.size();
    if (conversation_.thinking && index >= after_last_user_) {
      if (message.reasoning.empty() && message.tool_calls.empty()) {
        return Invalid(index,
                       "an assistant message after the last user message needs "
                       "reasoning_content or tool_calls when thinking is on");
      }
      out_ += message.reasoning;
      out_ += kEndThink;
    }
    out_ += message.content;
    RenderToolCalls(message.tool_calls);
    out_ += kEos;
    return OkStatus();
  }

  void RenderToolCalls(const std::vector<ToolCall>& calls) {
    if (calls.empty()) return;
    out_ += "\n\n<｜DSML｜function_calls>\n";
    for (const ToolCall& call : calls) {
      out_ += "<｜DSML｜invoke name=\"" + call.name + "\">\n";
      out_ += call.parameters;
      out_ += "\n</｜DSML｜invoke>\n";
    }
    out_ += "</｜DSML｜function_calls>";
  }

  const Conversation& conversation_;
  const size_t after_last_user_;
  size_t num_calls_ = 0;    // of the assistant message before
  size_t num_results_ = 0;  // tool messages since
  std::string out_;
};

class DeepSeekV32Encoding : public ChatTemplate {
 public:
  Result<std::string> Render(std::string_view context_json) const override {
    auto conversation = dsv32::ReadConversation(context_json);
    if (!conversation.ok()) return InTemplate(conversation.status());
    auto text = Renderer(*conversation).Render();
    return text.ok() ? std::move(text) : InTemplate(text.status());
  }

 private:
  static Status InTemplate(const Status& status) { return status.WithContext("chat template"); }
};

}  // namespace

std::unique_ptr<ChatTemplate> MakeDeepSeekV32Encoding() {
  return std::make_unique<DeepSeekV32Encoding>();
}

}  // namespace redline::text
