#include "engine/api/answer_group.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "engine/api/refusal.h"
#include "net/sse.h"
#include "openai/error.h"

namespace redline::engine {
namespace {

constexpr std::string_view kRequestIdHeader = "X-Request-Id";
constexpr size_t kMaxRequestIdBytes = 128;

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

void Client::Send(net::HttpResponse response) const {
  writer->Send(WithRequestId(std::move(response), request_id));
}

AnswerGroup::AnswerGroup(AnswerRequest request, Client client, const text::Tokenizer* tokenizer)
    : request_(std::move(request)), client_(std::move(client)) {
  for (size_t index = 0; index < request_.NumChoices(); ++index) {
    const auto number = static_cast<int64_t>(index);
    streams_.push_back(std::make_unique<ChoiceStream>(request_.format, request_.PromptOf(index),
                                                      number, tokenizer));
    openai::Choice choice{.index = number};
    if (request_.format.num_logprobs >= 0) choice.logprobs.emplace();
    if (request_.format.tells_token_ids) choice.token_ids.emplace();
    choices_.push_back(std::move(choice));
  }
}

EngineRequest AnswerGroup::RequestOf(size_t choice) {
  EngineRequest engine{.prompt = request_.PromptOf(choice).tokens,
                       .sampling = request_.sampling,
                       .num_prompt_logprobs = request_.num_prompt_logprobs,
                       .cache_salt = request_.cache_salt,
                       .constraint = nullptr};
  // As vLLM: each of the n answers to a prompt draws from a seed of its own.
  if (engine.sampling.seed) *engine.sampling.seed += choice % static_cast<size_t>(request_.n);
  if (!request_.constraints.empty()) engine.constraint = std::move(request_.constraints[choice]);
  return engine;
}

// Chats have no field "prompt".
Status AnswerGroup::Renamed(const Status& status) const {
  const bool is_chat = request_.format.kind == openai::AnswerKind::kChat;
  if (!is_chat || status.param() != "prompt") return status;
  return Status(status.code(), status.message(), "messages");
}

void AnswerGroup::Start(Engine* engine, const Deliver& deliver) {
  engine_ = engine;
  for (size_t choice = 0; choice < streams_.size(); ++choice) {
    if (client_.handle->cancelled()) return Stop();
    const Result<RequestId> id = engine->Submit(
        RequestOf(choice), [deliver, choice](const TokenEvent& event) { deliver(choice, event); });
    if (!id.ok()) {
      client_.Send(RefusalOf(Renamed(id.status())));
      return Stop();
    }
    ids_.push_back(*id);
    client_.handle->Add(engine, *id);
  }
}

void AnswerGroup::OnEvent(size_t choice, const TokenEvent& event) {
  ChoiceStream& stream = *streams_[choice];
  if (done_ || stream.done()) return;
  if (event.finish == FinishReason::kError) return FailWith(event);
  if (event.finish == FinishReason::kAbort) {
    if (client_.handle->cancelled()) return Stop();  // nobody listens
    return Fail(Unavailable("the engine is shutting down; the answer is not complete"),
                openai::kEngineUnavailable);
  }
  openai::Choice delta = stream.OnEvent(event);
  if (stream.ended_early()) engine_->Finish(ids_[choice]);
  if (stream.done()) ++num_done_;
  if (request_.stream) {
    Stream(std::move(delta));
  } else {
    Append(choices_[choice], std::move(delta));
  }
  if (num_done_ == streams_.size()) FinishAnswer();
}

// The head goes out with the first token: a request that fails before it gets its proper status.
void AnswerGroup::StreamHead() {
  if (stream_started_) return;
  stream_started_ = true;
  client_.writer->StartStream(200, {{"Content-Type", "text/event-stream"},
                                    {"Cache-Control", "no-cache"},
                                    {std::string(kRequestIdHeader), client_.request_id}});
}

// In this order: the role (chat), what came, the end.
void AnswerGroup::Stream(openai::Choice delta) {
  StreamHead();
  const bool is_chat = request_.format.kind == openai::AnswerKind::kChat;
  openai::Choice end{.index = delta.index,
                     .finish_reason = std::exchange(delta.finish_reason, {}),
                     .stop_reason = std::exchange(delta.stop_reason, {})};
  if (delta.first && is_chat) {
    WriteChunk({.index = delta.index,
                .first = true,
                .prompt_token_ids = std::exchange(delta.prompt_token_ids, {})});
  }
  delta.first = false;
  const bool has_tokens = delta.logprobs || delta.token_ids || delta.prompt_token_ids;
  if (HasOutput(delta) || has_tokens) WriteChunk(delta);
  if (!end.finish_reason.empty()) WriteChunk(end);
}

void AnswerGroup::WriteChunk(const openai::Choice& chunk) {
  const auto usage = request_.continuous_usage ? std::optional(UsageSoFar()) : std::nullopt;
  WriteFrame(openai::Chunk(request_.identity, chunk, usage));
}

void AnswerGroup::WriteFrame(std::string_view json) {
  if (done_ || client_.writer->Write(net::SseEvent(json))) return;
  Stop();  // gone, or too slow
}

void AnswerGroup::FinishAnswer() {
  if (!request_.stream) {
    done_ = true;
    std::string body = openai::Answer(request_.identity, choices_, UsageSoFar());
    return client_.Send(net::TextResponse(200, std::move(body), "application/json"));
  }
  if (request_.identity.include_usage)
    WriteFrame(openai::UsageChunk(request_.identity, UsageSoFar()));
  if (done_) return;
  done_ = true;
  if (client_.writer->Write(std::string(openai::kDoneEvent))) client_.writer->End();
}

// What the engine says of a grammar is about the field that asked for it.
void AnswerGroup::FailWith(const TokenEvent& event) {
  const Code code = event.error.code();
  const bool is_of_grammar =
      request_.structure && (code == Code::kResourceExhausted || code == Code::kInvalidArgument);
  if (!is_of_grammar) return Fail(event.error, event.error_code);
  Fail(InvalidArgument(event.error.message(), request_.structure->param),
       code == Code::kResourceExhausted ? openai::kSchemaTooComplex : "");
}

void AnswerGroup::Fail(const Status& status, std::string_view code) {
  if (stream_started_) {
    client_.writer->Write(openai::ErrorEvent(status, code));
    client_.writer->Abort();
  } else {
    client_.Send(code == openai::kEngineUnavailable ? RefusalOf(status)
                                                    : net::ErrorResponse(status, code));
  }
  Stop();
}

// A prompt counts once, however many answers it gets.
openai::Usage AnswerGroup::UsageSoFar() const {
  openai::Usage usage;
  for (size_t choice = 0; choice < streams_.size(); ++choice) {
    usage.completion_tokens += streams_[choice]->num_completion_tokens();
    if (choice % static_cast<size_t>(request_.n) != 0) continue;
    usage.prompt_tokens += static_cast<int64_t>(request_.PromptOf(choice).tokens.size());
    usage.cached_tokens += streams_[choice]->num_cached_tokens();
  }
  return usage;
}

void AnswerGroup::Stop() {
  done_ = true;
  client_.handle->Cancel();
}

}  // namespace redline::engine
