#include "text/parser_choice.h"

#include <array>
#include <cctype>
#include <optional>

#include "base/strings.h"
#include "text/chat_template.h"

namespace redline::text {
namespace {

// The first rule whose `has` are all in the template, and `lacks` is not, names the parser.
struct Rule {
  std::array<std::string_view, 2> has;
  std::string_view lacks;
  std::string_view parser;
};

constexpr Rule kToolRules[] = {
    {{"DSML｜", "function_calls"}, "", "deepseekv32"},
    {{"<｜tool▁sep｜>", "```json"}, "", "deepseekv3"},
    {{"<｜tool▁sep｜>", ""}, "", "deepseekv31"},
    {{"[TOOL_CALLS]", ""}, "", "mistral"},
    {{"<tool_call>", "\"arguments\""}, "<arg_key>", "hermes"},
    {{"<|start_header_id|>", "\"parameters\": "}, "<function=", "llama3_json"},
};

// DeepSeek-V3.1 reasons when told to, R1 always; others put the tag into the prompt or the answer.
constexpr Rule kReasoningRules[] = {
    {{"</think>", "<｜Assistant｜>"}, "thinking", "deepseek-r1"},
    {{"</think>", "<｜Assistant｜>"}, "", "deepseek-v3"},
    {{"</think>", ""}, "", "qwen3"},
};

template <size_t N>
std::string FirstMatch(const Rule (&rules)[N], std::string_view source) {
  const auto has = [&](std::string_view marker) { return source.find(marker) != source.npos; };
  for (const Rule& rule : rules) {
    if (!has(rule.has[0]) || !has(rule.has[1])) continue;
    if (rule.lacks.empty() || !has(rule.lacks)) return std::string(rule.parser);
  }
  return "";
}

constexpr std::string_view kMessages =
    R"("messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": true,
       "bos_token": "", "eos_token": "")";
constexpr std::string_view kTools =
    R"("tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters":
       {"type": "object", "properties": {"x": {"type": "string", "description": "e"}},
        "required": ["x"]}}}])";

// Whether tools change the prompt; nullopt when the trial fails.
std::optional<bool> ToolsChangePrompt(const ChatTemplate& compiled) {
  const std::string without = "{" + std::string(kMessages);
  const auto plain = compiled.Render(without + "}");
  const auto with_tools = compiled.Render(without + ", " + std::string(kTools) + "}");
  if (!plain.ok() || !with_tools.ok()) return std::nullopt;
  return *plain != *with_tools;
}

bool MentionsTools(std::string_view source) {
  constexpr std::string_view kName = "tools";
  const auto is_word = [&](size_t at) {
    return at < source.size() &&
           (std::isalnum(static_cast<unsigned char>(source[at])) != 0 || source[at] == '_');
  };
  for (size_t at = source.find(kName); at != source.npos; at = source.find(kName, at + 1)) {
    if (!(at > 0 && is_word(at - 1)) && !is_word(at + kName.size())) return true;
  }
  return false;
}

}  // namespace

bool SupportsTools(std::string_view template_source) {
  const auto compiled = CompileChatTemplate(template_source);
  if (!compiled.ok()) return false;
  return ToolsChangePrompt(**compiled).value_or(MentionsTools(template_source));
}

ParserChoice SuggestParsers(std::string_view template_source) {
  ParserChoice choice;
  choice.reasoning_parser = FirstMatch(kReasoningRules, template_source);
  choice.tool_call_parser =
      SupportsTools(template_source) ? FirstMatch(kToolRules, template_source) : "json";
  return choice;
}

bool EndsInReasoning(std::string_view prompt) { return Trim(prompt).ends_with("<think>"); }

}  // namespace redline::text
