#include "planner/virtual/http_answer.h"

#include "net/sse.h"
#include "planner/virtual/answer_text.h"

namespace redline::planner {

void HttpAnswer::Begin() {
  if (has_begun_) return;
  has_begun_ = true;
  writer_->StartStream(
      200, {{"Content-Type", "text/event-stream; charset=utf-8"}, {"Cache-Control", "no-cache"}});
}

openai::Usage HttpAnswer::UsageNow() const {
  return {.prompt_tokens = options_.prompt_tokens, .completion_tokens = num_sent_};
}

void HttpAnswer::AppendChunk(const openai::Choice& choice, std::string& events) const {
  std::optional<openai::Usage> usage;
  if (options_.tells_usage_always) usage = UsageNow();
  events += net::SseEvent(openai::Chunk(options_.identity, choice, usage));
}

bool HttpAnswer::OnTokens(int64_t count) {
  Begin();
  std::string events;
  for (int64_t index = 0; index < count; ++index) {
    const bool is_first = num_sent_ == 0;
    const std::string content(AnswerToken(num_sent_++));
    AppendChunk({.first = is_first, .content = content}, events);
  }
  // False when the client has gone, or reads so slowly that its connection was closed.
  return writer_->Write(std::move(events));
}

void HttpAnswer::OnFinished(int64_t output_tokens, int64_t cached_tokens) {
  const openai::Usage usage{.prompt_tokens = options_.prompt_tokens,
                            .completion_tokens = output_tokens,
                            .cached_tokens = cached_tokens};
  if (!options_.is_streaming) {
    const openai::Choice choice{.content = AnswerText(output_tokens),
                                .finish_reason = options_.finish_reason};
    return writer_->Send(net::TextResponse(
        200, openai::Answer(options_.identity, {&choice, 1}, usage), "application/json"));
  }
  Begin();
  std::string events;
  AppendChunk({.finish_reason = options_.finish_reason}, events);
  if (options_.identity.include_usage)
    events += net::SseEvent(openai::UsageChunk(options_.identity, usage));
  events += openai::kDoneEvent;
  writer_->Write(std::move(events));
  writer_->End();
}

// Engines answer 400 to what can never fit.
void HttpAnswer::OnRefused(const Status& status) {
  writer_->Send(net::ErrorResponse(InvalidArgument(status.message(), "prompt")));
}

}  // namespace redline::planner
