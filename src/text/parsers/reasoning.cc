#include "text/parsers/reasoning.h"

#include <algorithm>
#include <utility>

#include "text/parsers/match.h"

namespace redline::text {
namespace {

constexpr std::string_view kOpen = "<think>";
constexpr std::string_view kClose = "</think>";
constexpr std::string_view kStops = "< \t\n\r";

class ReasoningParser : public OutputParser {
 public:
  ReasoningParser(const ReasoningStyle& style, bool starts_inside,
                  std::unique_ptr<OutputParser> content_parser)
      : trims_(style.trims),
        starts_inside_(starts_inside || style.always),
        content_parser_(std::move(content_parser)) {}

  void Push(std::string_view text, OutputDelta* out) override {
    if (state_ == State::kContent) return PushContent(text, out);
    rest_ += text;
    std::string_view rest = rest_;
    while (Step(&rest, out)) {
    }
    if (state_ == State::kContent) PushContent(rest, out);
    rest_ = state_ == State::kContent ? std::string() : std::string(rest);
  }

  void Finish(OutputDelta* out) override {
    const bool inside = state_ == State::kReasoning || (state_ == State::kStart && starts_inside_);
    if (inside) {
      if (!rest_.empty() || !trims_) PushReasoning(rest_, out);
    } else if (state_ == State::kStart) {
      PushContent(space_ + rest_, out);
    }
    if (content_parser_) content_parser_->Finish(out);
  }

 private:
  enum class State { kStart, kReasoning, kAfterReasoning, kContent };

  // False: needs more text, or the rest is content.
  bool Step(std::string_view* rest, OutputDelta* out) {
    if (state_ == State::kContent) return false;
    TakeSpace(rest);
    if (rest->empty()) return false;
    switch (state_) {
      case State::kStart:
        return StepStart(rest, out);
      case State::kReasoning:
        return StepReasoning(rest, out);
      default:  // kAfterReasoning
        state_ = State::kContent;
        return false;
    }
  }

  bool StepStart(std::string_view* rest, OutputDelta* out) {
    const Match match = MatchPrefix(*rest, kOpen);
    if (match == Match::kPartial) return false;
    if (match == Match::kYes) {
      rest->remove_prefix(kOpen.size());
      space_.clear();
    } else if (!starts_inside_) {
      PushContent(std::exchange(space_, {}), out);
      state_ = State::kContent;
      return false;
    }
    state_ = State::kReasoning;
    return true;
  }

  bool StepReasoning(std::string_view* rest, OutputDelta* out) {
    const Match match = MatchPrefix(*rest, kClose);
    if (match == Match::kPartial) return false;
    if (match == Match::kYes) {
      rest->remove_prefix(kClose.size());
      if (!trims_) out->reasoning += space_;
      space_.clear();
      state_ = trims_ ? State::kAfterReasoning : State::kContent;
      return true;
    }
    const size_t length = std::min(rest->find_first_of(kStops, 1), rest->size());
    PushReasoning(rest->substr(0, length), out);
    rest->remove_prefix(length);
    return true;
  }

  void TakeSpace(std::string_view* rest) {
    const size_t length = std::min(rest->find_first_not_of(kSpace), rest->size());
    if (state_ != State::kAfterReasoning) space_ += rest->substr(0, length);
    rest->remove_prefix(length);
  }

  void PushReasoning(std::string_view text, OutputDelta* out) {
    if (!trims_ || has_reasoning_) out->reasoning += space_;
    out->reasoning += text;
    space_.clear();
    has_reasoning_ = true;
  }

  void PushContent(std::string_view text, OutputDelta* out) {
    if (text.empty()) return;
    if (content_parser_) return content_parser_->Push(text, out);
    out->content += text;
  }

  const bool trims_;
  const bool starts_inside_;
  const std::unique_ptr<OutputParser> content_parser_;  // may be null
  State state_ = State::kStart;
  std::string space_;  // white space read, before rest_
  std::string rest_;   // not read yet
  bool has_reasoning_ = false;
};

}  // namespace

std::unique_ptr<OutputParser> MakeReasoningParser(const ReasoningStyle& style, bool starts_inside,
                                                  std::unique_ptr<OutputParser> content_parser) {
  return std::make_unique<ReasoningParser>(style, starts_inside, std::move(content_parser));
}

}  // namespace redline::text
