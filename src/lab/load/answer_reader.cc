#include "lab/load/answer_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace redline::lab {
namespace {

// A server may split one token over two events (the end of its reasoning and the first of its
// content), so a few events more than tokens are no contradiction.
constexpr int32_t kSpareEvents = 2;
// Of an answer that tells no usage; more is an answer without an end.
constexpr int32_t kMostEventsPerToken = 2;
constexpr int32_t kMostSpareEvents = 64;

}  // namespace

void AnswerReader::Begin(const Rules& rules, RequestRecord& record) {
  rules_ = rules;
  record_ = &record;
  response_.Begin();
  sse_.Begin();
  body_.clear();
  error_.clear();
  new_outputs_ = 0;
  has_done_ = has_failed_ = can_reuse_ = false;
}

bool AnswerReader::Fail(Outcome outcome, std::string_view message, std::string_view excerpt) {
  has_failed_ = true;
  record_->outcome = outcome;
  error_ = message;
  if (!excerpt.empty()) error_ += ": " + Excerpt(excerpt, 200);
  return false;
}

bool AnswerReader::Feed(std::string_view bytes, int64_t now_ns) {
  new_outputs_ = 0;
  bool has_ended = false;
  std::string_view piece;
  while (!has_ended && !has_failed_) {
    switch (response_.Next(bytes, piece)) {
      case ResponseReader::Step::kHead:
        record_->head_ns = now_ns;
        record_->http_status = static_cast<uint16_t>(response_.status());
        break;
      case ResponseReader::Step::kBody:
        OnBody(piece);
        break;
      case ResponseReader::Step::kNeedsMore:
        StampOutputs(now_ns);
        return false;
      case ResponseReader::Step::kEnd:
        has_ended = true;
        break;
      case ResponseReader::Step::kBad:
        Fail(Outcome::kBadHttp, "the answer is not HTTP", bytes);
        break;
    }
  }
  if (has_ended) OnEnd();
  can_reuse_ = has_ended && response_.keep_alive() && bytes.empty() && !has_failed_;
  StampOutputs(now_ns);
  record_->end_ns = now_ns;
  return true;
}

void AnswerReader::FeedEnd(int64_t now_ns) {
  new_outputs_ = 0;
  if (response_.MayEndHere()) {
    OnEnd();
  } else {
    Fail(Outcome::kReset, response_.has_begun() ? "the connection ended inside the answer"
                                                : "the connection ended without an answer");
  }
  can_reuse_ = false;
  StampOutputs(now_ns);
  record_->end_ns = now_ns;
}

bool AnswerReader::OnBody(std::string_view piece) {
  const bool is_error = response_.status() / 100 != 2;
  if (response_.is_event_stream() && !is_error) {
    if (sse_.Feed(piece, [this](std::string_view data) { return OnEvent(data); })) return true;
    if (!sse_.too_long()) return false;
    return Fail(Outcome::kBadEvent,
                fmt::format("an event is longer than {} bytes", SseScanner::kMaxEventBytes));
  }
  if (is_error && body_.size() + piece.size() >= kMaxErrorBytes) {
    body_.append(piece.substr(0, kMaxErrorBytes - body_.size()));
    return Fail(Outcome::kHttpError, fmt::format("HTTP status {}", response_.status()), body_);
  }
  if (body_.size() + piece.size() > kMaxBodyBytes)
    return Fail(Outcome::kBadEvent,
                fmt::format("the answer is longer than {} bytes", kMaxBodyBytes));
  body_.append(piece);
  return true;
}

bool AnswerReader::OnEvent(std::string_view data) {
  if (data == "[DONE]") {
    has_done_ = true;
    return true;
  }
  const EventFacts facts = events_.Scan(data);
  if (!facts.is_json) return Fail(Outcome::kBadEvent, "an event is not JSON", data);
  if (facts.has_error) return Fail(Outcome::kBadEvent, "an event reports an error", data);
  Take(facts);
  return !has_failed_;
}

void AnswerReader::Take(const EventFacts& facts) {
  bool has_output = facts.has_output;
  // The text of /generate is all that came so far, in every event.
  if (rules_.api == Api::kGenerate && facts.completion_tokens >= 0)
    has_output = facts.completion_tokens > std::max(record_->usage_output, 0);
  if (facts.prompt_tokens >= 0) record_->usage_input = facts.prompt_tokens;
  if (facts.completion_tokens >= 0) record_->usage_output = facts.completion_tokens;
  if (facts.cached_tokens >= 0) record_->usage_cached = facts.cached_tokens;
  new_outputs_ += has_output;
  const int64_t num_events = int64_t{record_->num_events} + new_outputs_;
  if (num_events > int64_t{kMostEventsPerToken} * record_->output_tokens + kMostSpareEvents)
    Fail(Outcome::kUsageMismatch,
         fmt::format("{} events came, max_tokens was {}", num_events, record_->output_tokens));
}

void AnswerReader::StampOutputs(int64_t now_ns) {
  if (new_outputs_ == 0) return;
  if (record_->first_token_ns < 0) {
    record_->first_token_ns = now_ns;
  } else {
    record_->max_gap_us =
        std::max(record_->max_gap_us, static_cast<int32_t>(std::min<int64_t>(
                                          (now_ns - record_->last_token_ns) / 1000, INT32_MAX)));
  }
  record_->last_token_ns = now_ns;
  record_->num_events += new_outputs_;
}

void AnswerReader::OnEnd() {
  if (response_.status() / 100 != 2) {
    Fail(Outcome::kHttpError, fmt::format("HTTP status {}", response_.status()), body_);
    return;
  }
  if (response_.is_event_stream()) {
    sse_.End([this](std::string_view data) { return OnEvent(data); });
    if (has_failed_) return;
    if (!has_done_) {
      Fail(Outcome::kNoDone, "the stream ended without [DONE]");
      return;
    }
  } else if (rules_.stream) {
    Fail(Outcome::kBadEvent, "a stream was asked for, but the answer is none", body_);
    return;
  } else if (!OnEvent(body_)) {
    return;
  }
  if (CheckUsage()) record_->outcome = Outcome::kOk;
}

bool AnswerReader::CheckUsage() {
  const RequestRecord& record = *record_;
  const int32_t num_events = record.num_events + new_outputs_;
  if (record.usage_output > record.output_tokens)
    return Fail(Outcome::kUsageMismatch, fmt::format("completion_tokens is {}, max_tokens was {}",
                                                     record.usage_output, record.output_tokens));
  if (record.usage_output >= 0 && num_events > record.usage_output + kSpareEvents)
    return Fail(Outcome::kUsageMismatch, fmt::format("completion_tokens is {}, but {} events came",
                                                     record.usage_output, num_events));
  if (rules_.check_input_tokens && record.usage_input >= 0 &&
      record.usage_input != record.input_tokens)
    return Fail(Outcome::kUsageMismatch, fmt::format("prompt_tokens is {}, but {} were sent",
                                                     record.usage_input, record.input_tokens));
  return true;
}

}  // namespace redline::lab
