// DeepSeek-V3.2 (DSML):
//   <｜DSML｜function_calls>
//   <｜DSML｜invoke name="f">
//   <｜DSML｜parameter name="k" string="true|false">VALUE</｜DSML｜parameter>
//   </｜DSML｜invoke>
//   </｜DSML｜function_calls>
// Parameters become JSON arguments as they come: string="true" values are escaped, others stand as
// they are (valid JSON or not, as in the official parser). An object instead of parameters is taken
// as the arguments. A call is certain once its first parameter's tag is complete (or the call is
// empty). White space between tags is free; an invoke without function_calls is accepted. The
// official parser raises for text after the calls, for a parameter given twice and for a missing
// end: here the text is content, the parameter stands twice, and what is missing is forgiven.
#include "text/json_text.h"
#include "text/parsers/json_call.h"
#include "text/parsers/match.h"
#include "text/parsers/tool_call_parser.h"

namespace redline::text {
namespace {

constexpr std::string_view kMarker = "<｜DSML｜";
constexpr std::string_view kRestOfCalls = "function_calls>";  // what may follow the marker
constexpr std::string_view kRestOfInvoke = "invoke name=\"";
constexpr std::string_view kInvoke = "<｜DSML｜invoke name=\"";
constexpr std::string_view kNameEnd = "\">";
constexpr std::string_view kParameter = "<｜DSML｜parameter name=\"";
constexpr std::string_view kKeyEnd = "\" string=\"";
constexpr std::string_view kStringValue = "true\">";
constexpr std::string_view kOtherValue = "false\">";
constexpr std::string_view kParameterEnd = "</｜DSML｜parameter>";
constexpr std::string_view kInvokeEnd = "</｜DSML｜invoke>";
constexpr std::string_view kCallsEnd = "</｜DSML｜function_calls>";

class DsmlParser : public ToolCallParser {
 public:
  using ToolCallParser::ToolCallParser;

 private:
  enum class State {
    kText,
    kTag,
    kFirstInvoke,
    kName,
    kParameters,  // between the parameters
    kKey,
    kKind,
    kValue,
    kObject,
    kAfterObject,
    kAfterInvoke,
  };

  bool Step() override {
    switch (state_) {
      case State::kText:
        return FindMarker(stream_, kMarker) != Progress::kMore && Go(State::kTag);
      case State::kTag:
        return StepTag();
      case State::kFirstInvoke:
        return StepFirstInvoke();
      case State::kName:
        return stream_.TakeUntil(kNameEnd, &name_) && EndName();
      case State::kParameters:
        return StepParameters();
      case State::kKey:
        return stream_.TakeUntil(kKeyEnd, &key_) && Go(State::kKind);
      case State::kKind:
        return StepKind();
      case State::kValue:
        return StepValue();
      case State::kObject:
        return StepObject();
      case State::kAfterObject:
        return StepAfterObject();
      case State::kAfterInvoke:
        return StepAfterInvoke();
    }
    return false;
  }

  bool StepTag() {
    const int found = MatchOneOf(stream_.rest(), {kRestOfCalls, kRestOfInvoke});
    if (found == kMayMatch) return false;
    if (found == kNoneMatches) return Abandon();
    if (stream_.TakeIf(kRestOfCalls)) return Go(State::kFirstInvoke);
    stream_.TakeIf(kRestOfInvoke);
    return StartInvoke();
  }

  bool StepFirstInvoke() {
    stream_.TakeSpace();
    if (MatchPrefix(stream_.rest(), kInvoke) == Match::kPartial) return false;
    return stream_.TakeIf(kInvoke) ? StartInvoke() : Abandon();
  }

  bool StartInvoke() {
    name_.clear();
    arguments_.Start();
    return Go(State::kName);
  }

  bool EndName() { return stream_.Knows(name_) ? Go(State::kParameters) : Abandon(); }

  bool StepParameters() {
    stream_.TakeSpace();
    const std::string_view text = stream_.rest();
    if (text.starts_with('{') && !stream_.has_call()) return Go(State::kObject);
    switch (MatchOneOf(text, {kParameter, kInvokeEnd})) {
      case kMayMatch:
        return false;
      case 0:
        stream_.Take(kParameter.size());
        key_.clear();
        return Go(State::kKey);
      case 1:
        stream_.Take(kInvokeEnd.size());
        if (!stream_.has_call()) {
          stream_.BeginCall(name_);
          stream_.AddArguments("{");
        }
        stream_.AddArguments("}");
        return Go(State::kAfterInvoke);
      default:
        return Abandon();
    }
  }

  bool StepKind() {
    const int found = MatchOneOf(stream_.rest(), {kStringValue, kOtherValue});
    if (found == kMayMatch) return false;
    if (found == kNoneMatches) return Abandon();
    is_string_ = found == 0;
    stream_.Take(is_string_ ? kStringValue.size() : kOtherValue.size());
    std::string start = stream_.has_call() ? ", \"" : "{\"";
    AppendJsonEscaped(key_, &start);
    start += is_string_ ? "\": \"" : "\": ";
    if (!stream_.has_call()) stream_.BeginCall(name_);
    stream_.AddArguments(start);
    return Go(State::kValue);
  }

  bool StepValue() {
    std::string value;
    const bool ended = stream_.TakeUntil(kParameterEnd, &value);
    std::string json;
    if (is_string_) {
      AppendJsonEscaped(value, &json);
      if (ended) json += '"';
    }
    stream_.AddArguments(is_string_ ? json : value);
    return ended && Go(State::kParameters);
  }

  bool StepObject() {
    const Progress progress = arguments_.Read(name_, stream_);
    if (progress == Progress::kMore) return false;
    return progress == Progress::kDone ? Go(State::kAfterObject) : Abandon();
  }

  bool StepAfterObject() {
    stream_.TakeSpace();
    if (MatchPrefix(stream_.rest(), kInvokeEnd) == Match::kPartial) return false;
    stream_.TakeIf(kInvokeEnd);
    return Go(State::kAfterInvoke);
  }

  bool StepAfterInvoke() {
    stream_.TakeSpace();
    const int found = MatchOneOf(stream_.rest(), {kInvoke, kCallsEnd});
    if (found == kMayMatch) return false;
    if (found == 1) stream_.Take(kCallsEnd.size());
    stream_.EndCall();
    if (found != 0) return Go(State::kText);
    stream_.Take(kInvoke.size());
    return StartInvoke();
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
  std::string key_;
  bool is_string_ = false;
  ArgumentsReader arguments_;
};

}  // namespace

std::unique_ptr<OutputParser> MakeDeepSeekV32Parser(const std::vector<ToolDefinition>& tools) {
  return std::make_unique<DsmlParser>(tools);
}

}  // namespace redline::text
