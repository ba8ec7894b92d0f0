// Llama 3.1 and later: the whole answer is {"name": "f", "parameters": {...}}, or a call follows
// <|python_tag|>. More calls may follow, after ";" or "," or white space. An object elsewhere in
// the text is content.
#include "text/parsers/call_grammar.h"
#include "text/parsers/json_call.h"
#include "text/parsers/tool_call_parser.h"

namespace redline::text {
namespace {

constexpr std::string_view kPythonTag = "<|python_tag|>";

constexpr CallSyntax kSyntax = {.calls_open = "",
                                .call_open = "{\"name\": \"",
                                .name_close = "\", \"parameters\": ",
                                .call_close = "}",
                                .separator = "; ",
                                .calls_close = ""};

class Llama3JsonParser : public ToolCallParser {
 public:
  using ToolCallParser::ToolCallParser;

 private:
  enum class State { kStart, kText, kCall, kAfterCall };

  bool Step() override {
    switch (state_) {
      case State::kStart:
        return StepStart();
      case State::kText:
        if (FindMarker(stream_, kPythonTag) == Progress::kMore) return false;
        return GoToCall();
      case State::kCall:
        return StepCall();
      case State::kAfterCall:
        return StepAfterCall();
    }
    return false;
  }

  bool StepStart() {
    stream_.TakeSpace();
    if (stream_.rest().empty()) return false;
    if (AtBracket()) return GoToCall();
    state_ = State::kText;
    return true;
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
    if (stream_.rest().empty()) return false;
    stream_.EndCall();
    const bool separated = stream_.TakeIf(";") || stream_.TakeIf(",");
    if (separated || AtBracket()) return GoToCall();
    state_ = State::kText;
    return true;
  }

  bool AtBracket() const {
    return stream_.rest().starts_with('{') || stream_.rest().starts_with('[');
  }

  bool GoToCall() {
    calls_.Start();
    state_ = State::kCall;
    return true;
  }

  State state_ = State::kStart;
  JsonCallsReader calls_{Announced::kNo};
};

}  // namespace

std::unique_ptr<OutputParser> MakeLlama3JsonParser(const std::vector<ToolDefinition>& tools) {
  return std::make_unique<Llama3JsonParser>(tools);
}

Result<std::string> Llama3JsonGrammar(std::span<const ToolDefinition> tools,
                                      ParallelCalls parallel) {
  return JsonCallsGrammar(kSyntax, tools, parallel);
}

}  // namespace redline::text
