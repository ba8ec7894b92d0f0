// Hermes and Qwen 2.5/3:
//   <tool_call>\n{"name": "f", "arguments": {...}}\n</tool_call>
// White space is free; a missing </tool_call> is forgiven.
#include "text/parsers/call_grammar.h"
#include "text/parsers/json_call.h"
#include "text/parsers/match.h"
#include "text/parsers/tool_call_parser.h"

namespace redline::text {
namespace {

constexpr std::string_view kOpen = "<tool_call>";
constexpr std::string_view kClose = "</tool_call>";

constexpr CallSyntax kSyntax = {.calls_open = "",
                                .call_open = "<tool_call>\n{\"name\": \"",
                                .name_close = "\", \"arguments\": ",
                                .call_close = "}\n</tool_call>",
                                .separator = "\n",
                                .calls_close = ""};

class HermesParser : public ToolCallParser {
 public:
  using ToolCallParser::ToolCallParser;

 private:
  enum class State { kText, kCall, kAfterCall };

  bool Step() override {
    switch (state_) {
      case State::kText:
        if (FindMarker(stream_, kOpen) == Progress::kMore) return false;
        calls_.Start();
        state_ = State::kCall;
        return true;
      case State::kCall:
        return StepCall();
      case State::kAfterCall:
        return StepAfterCall();
    }
    return false;
  }

  bool StepCall() {
    const Progress progress = calls_.Read(stream_);
    if (progress == Progress::kMore) return false;
    if (progress == Progress::kFailed) stream_.Abandon();
    state_ = progress == Progress::kDone ? State::kAfterCall : State::kText;
    return true;
  }

  bool StepAfterCall() {
    stream_.TakeSpace();
    if (MatchPrefix(stream_.rest(), kClose) == Match::kPartial) return false;
    stream_.TakeIf(kClose);
    stream_.EndCall();
    state_ = State::kText;
    return true;
  }

  State state_ = State::kText;
  JsonCallsReader calls_{Announced::kYes};
};

}  // namespace

std::unique_ptr<OutputParser> MakeHermesParser(const std::vector<ToolDefinition>& tools) {
  return std::make_unique<HermesParser>(tools);
}

Result<std::string> HermesGrammar(std::span<const ToolDefinition> tools, ParallelCalls parallel) {
  return JsonCallsGrammar(kSyntax, tools, parallel);
}

}  // namespace redline::text
