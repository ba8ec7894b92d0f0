// DeepSeek-V3 and R1:
//   <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>NAME\n```json\n{...}\n```
//   <｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>...<｜tool▁call▁end｜><｜tool▁calls▁end｜>
// DeepSeek-V3.1 and V3.2-Exp:
//   <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>NAME<｜tool▁sep｜>{...}<｜tool▁call▁end｜>...
// White space is free, the fence and the end markers are optional, and so is the first marker.
#include "base/strings.h"
#include "text/parsers/call_grammar.h"
#include "text/parsers/json_call.h"
#include "text/parsers/match.h"
#include "text/parsers/tool_call_parser.h"

namespace redline::text {
namespace {

constexpr std::string_view kMarker = "<｜tool▁call";
constexpr std::string_view kRestOfCalls = "s▁begin｜>";  // what may follow the marker
constexpr std::string_view kRestOfCall = "▁begin｜>";
constexpr std::string_view kCallBegin = "<｜tool▁call▁begin｜>";
constexpr std::string_view kSeparator = "<｜tool▁sep｜>";
constexpr std::string_view kCallEnd = "<｜tool▁call▁end｜>";
constexpr std::string_view kCallsEnd = "<｜tool▁calls▁end｜>";
constexpr std::string_view kFence = "```";
constexpr std::string_view kJsonFence = "```json";

enum class NamePlace { kBeforeSeparator, kAfterSeparator };

constexpr CallSyntax kV3Syntax = {.calls_open = "<｜tool▁calls▁begin｜>",
                                  .call_open = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
                                  .name_close = "\n```json\n",
                                  .call_close = "\n```<｜tool▁call▁end｜>",
                                  .separator = "\n",
                                  .calls_close = kCallsEnd};
constexpr CallSyntax kV31Syntax = {.calls_open = kV3Syntax.calls_open,
                                   .call_open = kCallBegin,
                                   .name_close = kSeparator,
                                   .call_close = kCallEnd,
                                   .separator = "",
                                   .calls_close = kCallsEnd};

class DeepSeekParser : public ToolCallParser {
 public:
  DeepSeekParser(const std::vector<ToolDefinition>& tools, NamePlace name_place)
      : ToolCallParser(tools), name_place_(name_place) {}

 private:
  enum class State {
    kText,
    kBegin,
    kFirstCall,
    kBeforeSeparator,
    kNameLine,
    kBeforeArguments,
    kArguments,
    kAfterArguments
  };

  bool Step() override {
    switch (state_) {
      case State::kText:
        return FindMarker(stream_, kMarker) != Progress::kMore && Go(State::kBegin);
      case State::kBegin:
        return StepBegin();
      case State::kFirstCall:
        return StepFirstCall();
      case State::kBeforeSeparator:
        return StepSeparator();
      case State::kNameLine:
        return stream_.TakeUntil("\n", &name_) && EndName();
      case State::kBeforeArguments:
        return StepBeforeArguments();
      case State::kArguments:
        return StepArguments();
      case State::kAfterArguments:
        return StepAfterArguments();
    }
    return false;
  }

  bool StepBegin() {
    name_.clear();
    if (MatchOneOf(stream_.rest(), {kRestOfCalls, kRestOfCall}) == kMayMatch) return false;
    if (stream_.TakeIf(kRestOfCalls)) return Go(State::kFirstCall);
    return stream_.TakeIf(kRestOfCall) ? Go(State::kBeforeSeparator) : Abandon();
  }

  bool StepFirstCall() {
    stream_.TakeSpace();
    if (MatchPrefix(stream_.rest(), kCallBegin) == Match::kPartial) return false;
    return stream_.TakeIf(kCallBegin) ? Go(State::kBeforeSeparator) : Abandon();
  }

  bool StepSeparator() {
    if (!stream_.TakeUntil(kSeparator, &name_)) return false;
    if (name_place_ == NamePlace::kBeforeSeparator) return EndName();
    name_.clear();  // it was the call's type
    return Go(State::kNameLine);
  }

  bool EndName() {
    name_ = Trim(name_);
    if (!stream_.Knows(name_)) return Abandon();
    arguments_.Start();
    return Go(State::kBeforeArguments);
  }

  bool StepBeforeArguments() {
    stream_.TakeSpace();
    if (MatchOneOf(stream_.rest(), {kJsonFence}) == kMayMatch) return false;
    if (!stream_.TakeIf(kJsonFence)) stream_.TakeIf(kFence);
    return Go(State::kArguments);
  }

  bool StepArguments() {
    const Progress progress = arguments_.Read(name_, stream_);
    if (progress == Progress::kMore) return false;
    return progress == Progress::kDone ? Go(State::kAfterArguments) : Abandon();
  }

  bool StepAfterArguments() {
    stream_.TakeSpace();
    switch (MatchOneOf(stream_.rest(), {kFence, kCallEnd, kCallBegin, kCallsEnd})) {
      case kMayMatch:
        return false;
      case 0:
        stream_.Take(kFence.size());
        return true;
      case 1:
        stream_.Take(kCallEnd.size());
        return true;
      case 2:
        stream_.EndCall();
        stream_.Take(kCallBegin.size());
        name_.clear();
        return Go(State::kBeforeSeparator);
      default:
        stream_.TakeIf(kCallsEnd);
        stream_.EndCall();
        return Go(State::kText);
    }
  }

  bool Abandon() {
    stream_.Abandon();
    return Go(State::kText);
  }

  bool Go(State state) {
    state_ = state;
    return true;
  }

  const NamePlace name_place_;
  State state_ = State::kText;
  std::string name_;
  ArgumentsReader arguments_;
};

}  // namespace

std::unique_ptr<OutputParser> MakeDeepSeekV3Parser(const std::vector<ToolDefinition>& tools) {
  return std::make_unique<DeepSeekParser>(tools, NamePlace::kAfterSeparator);
}

std::unique_ptr<OutputParser> MakeDeepSeekV31Parser(const std::vector<ToolDefinition>& tools) {
  return std::make_unique<DeepSeekParser>(tools, NamePlace::kBeforeSeparator);
}

Result<std::string> DeepSeekV3Grammar(std::span<const ToolDefinition> tools,
                                      ParallelCalls parallel) {
  return JsonCallsGrammar(kV3Syntax, tools, parallel);
}

Result<std::string> DeepSeekV31Grammar(std::span<const ToolDefinition> tools,
                                       ParallelCalls parallel) {
  return JsonCallsGrammar(kV31Syntax, tools, parallel);
}

}  // namespace redline::text
