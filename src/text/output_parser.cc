#include "text/output_parser.h"

#include <fmt/format.h>

#include <array>

#include "base/strings.h"
#include "text/parsers/reasoning.h"
#include "text/parsers/tool_call_parser.h"

namespace redline::text {
namespace {

struct ToolCallFormat {
  std::string_view name;
  std::unique_ptr<OutputParser> (*make)(const std::vector<ToolDefinition>&);
  Result<std::string> (*grammar)(std::span<const ToolDefinition>, ParallelCalls);
};

constexpr ToolCallFormat kToolCallFormats[] = {
    {"deepseekv3", MakeDeepSeekV3Parser, DeepSeekV3Grammar},
    {"deepseekv31", MakeDeepSeekV31Parser, DeepSeekV31Grammar},
    {"deepseekv32", MakeDeepSeekV32Parser, DeepSeekV32Grammar},
    {"hermes", MakeHermesParser, HermesGrammar},
    {"json", MakeJsonParser, JsonGrammar},
    {"llama3_json", MakeLlama3JsonParser, Llama3JsonGrammar},
    {"mistral", MakeMistralParser, MistralGrammar},
    {"qwen", MakeHermesParser, HermesGrammar},
};

constexpr ReasoningStyle kReasoningStyles[] = {
    {.name = "deepseek-r1", .always = true, .trims = true},
    {.name = "deepseek-v3", .always = false, .trims = false},
    {.name = "qwen3", .always = false, .trims = true},
};

template <typename Entry, size_t N>
constexpr std::array<std::string_view, N> NamesOf(const Entry (&entries)[N]) {
  std::array<std::string_view, N> names;
  for (size_t i = 0; i < N; ++i) names[i] = entries[i].name;
  return names;
}

constexpr auto kToolCallParserNames = NamesOf(kToolCallFormats);
constexpr auto kReasoningParserNames = NamesOf(kReasoningStyles);

// The entry of that name; kInvalidArgument names the field `what`.
template <typename Entry, size_t N>
Result<const Entry*> Find(const Entry (&entries)[N], std::string_view name, std::string_view what) {
  std::vector<std::string> names;
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry;
    names.emplace_back(entry.name);
  }
  const std::string message = fmt::format("unknown {} \"{}\"{}; known are: {}", what, name,
                                          DidYouMean(name, names), Join(names, ", "));
  return InvalidArgument(message, std::string(what));
}

class PlainParser : public OutputParser {
 public:
  void Push(std::string_view text, OutputDelta* out) override { out->content += text; }
  void Finish(OutputDelta*) override {}
};

Result<std::unique_ptr<OutputParser>> MakeContentParser(const OutputFormat& format) {
  std::unique_ptr<OutputParser> parser = std::make_unique<PlainParser>();
  if (format.tool_call_parser.empty()) return parser;
  RL_ASSIGN_OR_RETURN(const ToolCallFormat* entry,
                      Find(kToolCallFormats, format.tool_call_parser, "tool_call_parser"));
  if (!format.tools.empty()) parser = entry->make(format.tools);
  return parser;
}

}  // namespace

std::span<const std::string_view> ToolCallParserNames() { return kToolCallParserNames; }
std::span<const std::string_view> ReasoningParserNames() { return kReasoningParserNames; }

Result<std::unique_ptr<OutputParser>> MakeOutputParser(const OutputFormat& format) {
  RL_ASSIGN_OR_RETURN(std::unique_ptr<OutputParser> parser, MakeContentParser(format));
  if (format.reasoning_parser.empty()) return parser;
  RL_ASSIGN_OR_RETURN(const ReasoningStyle* style,
                      Find(kReasoningStyles, format.reasoning_parser, "reasoning_parser"));
  return MakeReasoningParser(*style, format.starts_in_reasoning, std::move(parser));
}

Result<std::string> ToolCallGrammar(std::string_view tool_call_parser,
                                    std::span<const ToolDefinition> tools, ParallelCalls parallel) {
  RL_ASSIGN_OR_RETURN(const ToolCallFormat* entry,
                      Find(kToolCallFormats, tool_call_parser, "tool_call_parser"));
  return entry->grammar(tools, parallel);
}

}  // namespace redline::text
