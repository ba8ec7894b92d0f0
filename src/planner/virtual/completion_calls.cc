#include "planner/virtual/completion_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "openai/chat_request.h"
#include "openai/completion_request.h"
#include "openai/error.h"
#include "planner/virtual/http_answer.h"

namespace redline::planner {
namespace {

constexpr int64_t kDefaultCompletionTokens = 16;
constexpr int64_t kDefaultChatTokens = 256;

Result<Generation> ReadChat(std::string_view body) {
  RL_ASSIGN_OR_RETURN(openai::ChatRequest request, openai::ParseChatRequest(body));
  return Generation{.kind = openai::AnswerKind::kChat,
                    .fields = std::move(request.fields),
                    .prompt = BlocksOfMessages(request.messages)};
}

Result<Generation> ReadCompletion(std::string_view body) {
  RL_ASSIGN_OR_RETURN(openai::CompletionRequest request, openai::ParseCompletionRequest(body));
  if (request.prompts.size() != 1) {
    return InvalidArgument(
        fmt::format("prompt is a list of {} prompts; a virtual engine takes one at a time",
                    request.prompts.size()),
        "prompt");
  }
  Generation generation{.fields = std::move(request.fields)};
  if (const auto* ids = std::get_if<std::vector<int32_t>>(&request.prompts[0])) {
    generation.prompt = BlocksOfIds(*ids);
    generation.largest_id = *std::max_element(ids->begin(), ids->end());
  } else {
    generation.prompt = BlocksOfText(std::get<std::string>(request.prompts[0]));
  }
  return generation;
}

// The field that asks for what a virtual engine does not have; "": none does.
std::string_view FieldBeyondReach(const openai::GenerationFields& fields) {
  using Structured = openai::StructuredOutput::Kind;
  using Choice = openai::ToolChoice::Kind;
  if (fields.n.value_or(1) != 1) return "n";
  if (fields.num_logprobs.has_value()) return "logprobs";
  if (fields.prompt_logprobs.has_value()) return "prompt_logprobs";
  if (fields.echo) return "echo";
  if (!fields.stop.empty()) return "stop";
  if (!fields.stop_token_ids.empty()) return "stop_token_ids";
  if (fields.return_token_ids) return "return_token_ids";
  if (fields.structured.kind != Structured::kNone) return fields.structured.param;
  const Choice choice = fields.tool_choice.kind;
  if (choice == Choice::kRequired || choice == Choice::kNamed) return "tool_choice";
  return {};
}

net::HttpResponse LengthError(int64_t prompt_tokens, int64_t output_tokens, int64_t context) {
  return net::ErrorResponse(
      InvalidArgument(
          fmt::format("This model's maximum context length is {} tokens. However, the prompt has "
                      "{} tokens and max_tokens asks for {} more: shorten one of them",
                      context, prompt_tokens, output_tokens),
          "max_tokens"),
      openai::kContextLengthExceeded);
}

}  // namespace

Result<Generation> ReadGeneration(openai::AnswerKind kind, std::string_view body) {
  return kind == openai::AnswerKind::kChat ? ReadChat(body) : ReadCompletion(body);
}

AnswerLength LengthOf(const Generation& generation, int64_t context_length) {
  if (generation.fields.max_tokens.has_value())
    return {std::max<int64_t>(*generation.fields.max_tokens, 1), "length"};
  if (generation.kind == openai::AnswerKind::kCompletion)
    return {kDefaultCompletionTokens, "length"};
  const int64_t left = context_length - generation.prompt.num_tokens;
  return {std::clamp<int64_t>(left, 1, kDefaultChatTokens),
          left <= kDefaultChatTokens ? "length" : "stop"};
}

void CompletionCalls::Handle(openai::AnswerKind kind, const net::HttpRequest& request,
                             std::shared_ptr<net::ResponseWriter> writer) const {
  const double arrival_s = driver_.NowSeconds();
  Result<Generation> generation = ReadGeneration(kind, request.body);
  if (!generation.ok()) return writer->Send(net::ErrorResponse(generation.status()));
  net::HttpResponse refusal = RefusalOf(*generation);
  if (refusal.status != 0) return writer->Send(std::move(refusal));
  Enter(arrival_s, *std::move(generation), std::move(writer));
}

net::HttpResponse CompletionCalls::RefusalOf(const Generation& generation) const {
  const std::string& served = setup_.front_end.served_name;
  if (checks_model_ && generation.fields.model != served)
    return openai::ModelNotFoundError(generation.fields.model, served);
  const std::string_view field = FieldBeyondReach(generation.fields);
  if (!field.empty()) {
    return net::ErrorResponse(InvalidArgument(
        fmt::format("a virtual engine has no model behind it and cannot do what \"{}\" asks for: "
                    "leave it out",
                    field),
        std::string(field)));
  }
  const int64_t vocab_size = setup_.model.shape.vocab_size;
  if (generation.largest_id >= vocab_size) {
    return net::ErrorResponse(
        InvalidArgument(fmt::format("prompt has the token id {}; the model's vocabulary has {}",
                                    generation.largest_id, vocab_size),
                        "prompt"));
  }
  const int64_t context = setup_.context_length;
  const int64_t prompt_tokens = generation.prompt.num_tokens;
  const int64_t output_tokens = LengthOf(generation, context).num_tokens;
  if (context > 0 && (output_tokens > context || prompt_tokens > context - output_tokens))
    return LengthError(prompt_tokens, output_tokens, context);
  return {.status = 0};
}

void CompletionCalls::Enter(double arrival_s, Generation generation,
                            std::shared_ptr<net::ResponseWriter> writer) const {
  const bool is_chat = generation.kind == openai::AnswerKind::kChat;
  const AnswerLength length = LengthOf(generation, setup_.context_length);
  auto answer = std::make_shared<HttpAnswer>(
      HttpAnswer::Options{.identity = {.kind = generation.kind,
                                       .id = NewId(is_chat ? "chatcmpl" : "cmpl"),
                                       .created = UnixSeconds(),
                                       .model = generation.fields.model,
                                       .include_usage = generation.fields.include_usage},
                          .is_streaming = generation.fields.stream,
                          .tells_usage_always = generation.fields.continuous_usage_stats,
                          .finish_reason = length.finish_reason,
                          .prompt_tokens = generation.prompt.num_tokens},
      writer);
  // The callback must not keep the answer alive: the answer keeps the writer, which has it.
  writer->OnPeerClosed([this, weak = std::weak_ptr<HttpAnswer>(answer)] {
    driver_.Post(&engine_, [this, weak] {
      if (const auto left = weak.lock()) engine_.Cancel(left->id());
    });
  });
  driver_.Post(&engine_, [this, arrival_s, answer, prompt = std::move(generation.prompt),
                          output_tokens = length.num_tokens]() mutable {
    answer->set_id(
        engine_.Submit(arrival_s, {.input_tokens = static_cast<int32_t>(prompt.num_tokens),
                                   .output_tokens = static_cast<int32_t>(output_tokens),
                                   .pieces = std::move(prompt.pieces),
                                   .sink = answer}));
  });
}

}  // namespace redline::planner
