// Redline's own, for models whose template knows no tools:
//   {"name": "f", "arguments": {...}}      or an array of such objects
// It is looked for at the start of every line, also inside a fence (three backquotes, with or
// without a language), which then belongs to the call's form.
#include <cctype>

#include "text/parsers/call_grammar.h"
#include "text/parsers/json_call.h"
#include "text/parsers/match.h"
#include "text/parsers/tool_call_parser.h"

namespace redline::text {
namespace {

constexpr std::string_view kFence = "```";

constexpr CallSyntax kSingle = {.calls_open = "",
                                .call_open = "{\"name\": \"",
                                .name_close = "\", \"arguments\": ",
                                .call_close = "}",
                                .separator = "",
                                .calls_close = ""};
constexpr CallSyntax kArray = {.calls_open = "[",
                               .call_open = kSingle.call_open,
                               .name_close = kSingle.name_close,
                               .call_close = kSingle.call_close,
                               .separator = ", ",
                               .calls_close = "]"};

class JsonParser : public ToolCallParser {
 public:
  using ToolCallParser::ToolCallParser;

 private:
  enum class State { kText, kLanguage, kCall, kAfterCall };

  bool Step() override {
    switch (state_) {
      case State::kText:
        return StepText();
      case State::kLanguage:
        return StepLanguage();
      case State::kCall:
        return StepCall();
      case State::kAfterCall:
        return StepAfterCall();
    }
    return false;
  }

  bool StepText() {
    if (stream_.TakeSpace().find('\n') != std::string_view::npos) at_line_start_ = true;
    const std::string_view text = stream_.rest();
    if (text.empty()) return false;
    if (at_line_start_) {
      if (AtBracket()) return GoToCall();
      const Match match = MatchPrefix(text, kFence);
      if (match == Match::kPartial) return false;
      if (match == Match::kYes) return GoToFence();
    }
    stream_.Pass(std::min(text.find_first_of(kSpace), text.size()));
    at_line_start_ = false;
    return true;
  }

  bool StepLanguage() {
    const std::string_view text = stream_.rest();
    size_t length = 0;
    while (length < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[length])) != 0 || text[length] == '_'))
      ++length;
    stream_.Take(length);
    return stream_.rest().empty() ? false : GoToCall();
  }

  bool StepCall() {
    const Progress progress = calls_.Read(stream_);
    if (progress == Progress::kMore) return false;
    if (progress == Progress::kFailed) return GoToText();
    state_ = State::kAfterCall;
    return true;
  }

  bool StepAfterCall() {
    stream_.TakeSpace();
    if (stream_.rest().empty()) return false;
    if (AtBracket()) {
      stream_.EndCall();
      return GoToCall();
    }
    if (in_fence_) {
      if (MatchPrefix(stream_.rest(), kFence) == Match::kPartial) return false;
      stream_.TakeIf(kFence);
    }
    stream_.EndCall();
    return GoToText();
  }

  bool AtBracket() const {
    return stream_.rest().starts_with('{') || stream_.rest().starts_with('[');
  }

  bool GoToFence() {
    stream_.Take(kFence.size());
    in_fence_ = true;
    state_ = State::kLanguage;
    return true;
  }

  bool GoToCall() {
    at_line_start_ = false;
    calls_.Start();
    state_ = State::kCall;
    return true;
  }

  bool GoToText() {
    stream_.Abandon();
    in_fence_ = false;
    state_ = State::kText;
    return true;
  }

  State state_ = State::kText;
  bool at_line_start_ = true;
  bool in_fence_ = false;
  JsonCallsReader calls_{Announced::kNo};
};

}  // namespace

std::unique_ptr<OutputParser> MakeJsonParser(const std::vector<ToolDefinition>& tools) {
  return std::make_unique<JsonParser>(tools);
}

Result<std::string> JsonGrammar(std::span<const ToolDefinition> tools, ParallelCalls parallel) {
  const bool is_single = parallel == ParallelCalls::kNo;
  return JsonCallsGrammar(is_single ? kSingle : kArray, tools, parallel);
}

}  // namespace redline::text
