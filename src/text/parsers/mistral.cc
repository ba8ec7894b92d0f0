// Mistral:
//   [TOOL_CALLS][{"name": "f", "arguments": {...}, "id": "..."}, ...]     tokenizers before v11
//   [TOOL_CALLS]f[CALL_ID]...[ARGS]{...}                                  v11 and later; the parts
//     in brackets are optional; every call has its own [TOOL_CALLS]
#include <cctype>

#include "text/parsers/call_grammar.h"
#include "text/parsers/json_call.h"
#include "text/parsers/match.h"
#include "text/parsers/tool_call_parser.h"

namespace redline::text {
namespace {

constexpr std::string_view kMarker = "[TOOL_CALLS]";
constexpr std::string_view kCallId = "[CALL_ID]";
constexpr std::string_view kArgs = "[ARGS]";

bool IsNameByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

constexpr CallSyntax kSyntax = {.calls_open = "[TOOL_CALLS][",
                                .call_open = "{\"name\": \"",
                                .name_close = "\", \"arguments\": ",
                                .call_close = "}",
                                .separator = ", ",
                                .calls_close = "]"};

class MistralParser : public ToolCallParser {
 public:
  using ToolCallParser::ToolCallParser;

 private:
  enum class State { kText, kOpen, kCalls, kName, kSeparator, kIdText, kArguments };

  bool Step() override {
    switch (state_) {
      case State::kText:
        return FindMarker(stream_, kMarker) != Progress::kMore && Go(State::kOpen);
      case State::kOpen:
        return StepOpen();
      case State::kCalls:
        return EndWith(calls_.Read(stream_));
      case State::kName:
        return StepName();
      case State::kSeparator:
        return StepSeparator();
      case State::kIdText:
        TakeName(nullptr);
        return !stream_.rest().empty() && Go(State::kSeparator);
      case State::kArguments:
        return EndWith(arguments_.Read(name_, stream_));
    }
    return false;
  }

  bool StepOpen() {
    stream_.TakeSpace();
    const std::string_view text = stream_.rest();
    if (text.empty()) return false;
    calls_.Start();
    name_.clear();
    return Go(text.starts_with('[') || text.starts_with('{') ? State::kCalls : State::kName);
  }

  bool StepName() {
    TakeName(&name_);
    if (stream_.rest().empty()) return false;
    if (!stream_.Knows(name_)) return Abandon();
    arguments_.Start();
    return Go(State::kSeparator);
  }

  bool StepSeparator() {
    switch (MatchOneOf(stream_.rest(), {kCallId, kArgs})) {
      case kMayMatch:
        return false;
      case 0:
        stream_.Take(kCallId.size());
        return Go(State::kIdText);
      default:
        stream_.TakeIf(kArgs);
        return Go(State::kArguments);
    }
  }

  void TakeName(std::string* name) {
    const std::string_view text = stream_.rest();
    size_t length = 0;
    while (length < text.size() && IsNameByte(text[length])) ++length;
    if (name != nullptr) *name += text.substr(0, length);
    stream_.Take(length);
  }

  bool EndWith(Progress progress) {
    if (progress == Progress::kMore) return false;
    if (progress == Progress::kFailed) return Abandon();
    stream_.EndCall();
    return Go(State::kText);
  }

  bool Abandon() {
    stream_.Abandon();
    return Go(State::kText);
  }

  bool Go(State state) {
    state_ = state;
    return true;
  }

  State state_ = State::kText;
  std::string name_;
  JsonCallsReader calls_{Announced::kYes};
  ArgumentsReader arguments_;
};

}  // namespace

std::unique_ptr<OutputParser> MakeMistralParser(const std::vector<ToolDefinition>& tools) {
  return std::make_unique<MistralParser>(tools);
}

Result<std::string> MistralGrammar(std::span<const ToolDefinition> tools, ParallelCalls parallel) {
  return JsonCallsGrammar(kSyntax, tools, parallel);
}

}  // namespace redline::text
