#include "engine/api/generation.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "net/sse.h"
#include "openai/error.h"

namespace redline::engine {
namespace {

constexpr std::string_view kRequestIdHeader = "X-Request-Id";
constexpr size_t kMaxRequestIdBytes = 128;
constexpr int kRetryAfterSeconds = 1;

}  // namespace

std::string RequestIdOf(const net::HttpRequest& request) {
  const std::string_view sent = net::FindHeader(request.headers, kRequestIdHeader);
  const bool fit =
      !sent.empty() && sent.size() <= kMaxRequestIdBytes &&
      std::all_of(sent.begin(), sent.end(), [](char byte) { return byte > ' ' && byte < 0x7F; });
  return fit ? std::string(sent) : NewId("req");
}

net::HttpResponse WithRequestId(net::HttpResponse response, const std::string& request_id) {
  response.headers.emplace_back(kRequestIdHeader, request_id);
  return response;
}

Generation::Generation(const GenerationRequest& request, Client client,
                       const text::Tokenizer* tokenizer)
    : identity_(request.identity),
      format_(request.format),
      stream_(request.stream),
      num_prompt_tokens_(static_cast<int64_t>(request.engine.prompt.size())),
      client_(std::move(client)),
      tokenizer_(tokenizer),
      decoder_(tokenizer),
      stops_(request.stop) {}

void Generation::OnEvent(const TokenEvent& event) {
  if (done_) return;
  if (event.finish == FinishReason::kError || event.finish == FinishReason::kAbort) {
    return FailAnswer(event);
  }
  if (stream_) StartStreamOnce();
  if (event.token || event.stop_token) ++num_completion_tokens_;
  if (event.token) AddToken(*event.token);
  if (done_ || event.finish == FinishReason::kNone) return;
  if (tokenizer_ != nullptr) AddText(decoder_.Finish());
  if (!done_) FinishAnswer(event.finish == FinishReason::kStop ? "stop" : "length");
}

void Generation::AddToken(TokenId token) {
  if (tokenizer_ != nullptr) return AddText(decoder_.Push(token));
  if (!stream_) return token_ids_.push_back(token);
  WriteFrame(TagTokens(format_->piece(identity_, ""), {&token, 1}));
}

void Generation::AddText(const std::string& text) {
  const std::string piece = stops_.Push(text);
  if (!stream_) {
    text_ += piece;
  } else if (!piece.empty()) {
    WriteFrame(format_->piece(identity_, piece));
  }
  if (stops_.found() && !done_) {
    client_.handle->Finish();
    FinishAnswer("stop");
  }
}

void Generation::FinishAnswer(std::string_view finish_reason) {
  if (!stream_) return SendWhole(finish_reason);
  const std::string rest = stops_.Flush();
  if (!rest.empty()) WriteFrame(format_->piece(identity_, rest));
  WriteFrame(format_->last(identity_, finish_reason));
  if (identity_.include_usage) WriteFrame(format_->usage(identity_, usage()));
  if (done_) return;
  done_ = true;
  if (client_.writer->Write(std::string(openai::kDoneEvent))) client_.writer->End();
}

void Generation::SendWhole(std::string_view finish_reason) {
  done_ = true;
  text_ += stops_.Flush();
  std::string body =
      TagTokens(format_->whole(identity_, text_, finish_reason, usage()), token_ids_);
  client_.writer->Send(WithRequestId(net::TextResponse(200, std::move(body), "application/json"),
                                     client_.request_id));
}

void Generation::FailAnswer(const TokenEvent& event) {
  done_ = true;
  const bool aborted = event.finish == FinishReason::kAbort;
  const Status status = aborted
                            ? Unavailable("the engine is shutting down; the answer is not complete")
                            : event.error;
  const std::string_view code = aborted ? openai::kEngineUnavailable : event.error_code;
  if (stream_started_) {
    client_.writer->Write(openai::ErrorEvent(status, code));
    client_.writer->Abort();
    return;
  }
  net::HttpResponse response =
      aborted ? openai::EngineUnavailableError(status.message(), kRetryAfterSeconds)
              : net::ErrorResponse(status, code);
  client_.writer->Send(WithRequestId(std::move(response), client_.request_id));
}

// The head goes out with the first token: a request that fails before it gets its proper status.
void Generation::StartStreamOnce() {
  if (stream_started_) return;
  stream_started_ = true;
  client_.writer->StartStream(200, {{"Content-Type", "text/event-stream"},
                                    {"Cache-Control", "no-cache"},
                                    {std::string(kRequestIdHeader), client_.request_id}});
  if (format_->first != nullptr) WriteFrame(format_->first(identity_));
}

void Generation::WriteFrame(std::string_view json) {
  if (done_ || client_.writer->Write(net::SseEvent(json))) return;
  done_ = true;  // gone, or too slow
  client_.handle->Cancel();
}

std::string Generation::TagTokens(std::string json, std::span<const TokenId> token_ids) const {
  return tokenizer_ != nullptr ? json : WithTokenIds(json, token_ids);
}

}  // namespace redline::engine
