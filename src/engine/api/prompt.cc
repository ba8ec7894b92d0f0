#include "engine/api/prompt.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "net/json_body.h"
#include "openai/error.h"

namespace redline::engine {
namespace {

constexpr int64_t kDefaultCompletionTokens = 16;
constexpr int kRetryAfterSeconds = 1;

using Tokens = std::variant<std::vector<TokenId>, net::HttpResponse>;

int64_t ContextLength(const LoadedModel& model) {
  return model.engine->resolved().options.context_length;
}

// Text of so many bytes has at least so many tokens, because no token stands for more than
// max_token_bytes: what cannot fit is refused before any of it is tokenised.
int64_t LeastTokens(std::string_view text, const LoadedModel& model) {
  return (static_cast<int64_t>(text.size()) + model.max_token_bytes - 1) / model.max_token_bytes;
}

Tokens Tokenize(std::string_view text, std::optional<TokenId> bos, const LoadedModel& model) {
  const int64_t context_length = ContextLength(model);
  const int64_t least_tokens = LeastTokens(text, model);
  if (least_tokens + 1 > context_length) {
    return openai::ContextLengthError(least_tokens, context_length);
  }
  Result<std::vector<TokenId>> tokens = model.tokenizer->Encode(text, text::SpecialTokens::kParse);
  if (!tokens.ok()) return RefusalOf(tokens.status());
  if (bos) tokens->insert(tokens->begin(), *bos);
  return std::move(tokens).value();
}

Result<std::string> RenderChat(const std::vector<openai::ChatMessage>& messages,
                               const Served& served) {
  const LoadedModel& model = *served.model;
  if (model.tokenizer == nullptr) {
    return InvalidArgument(fmt::format("the model {} has no tokenizer: use /v1/completions with a "
                                       "list of token ids as prompt",
                                       served.name),
                           "messages");
  }
  if (model.chat_template == nullptr) {
    return InvalidArgument(
        fmt::format("the model {} has no chat template: use /v1/completions", served.name),
        "messages");
  }
  const std::string context =
      fmt::format(R"({{"messages":{},"add_generation_prompt":true,"bos_token":{},"eos_token":{}}})",
                  openai::MessagesJson(messages), net::JsonString(model.bos_token),
                  net::JsonString(model.eos_token));
  Result<std::string> text = model.chat_template->Render(context);
  // The template's own words, and its limits, are about what the client sent.
  if (!text.ok()) return InvalidArgument(text.status().message(), "messages");
  return text;
}

SamplingParams SamplingOf(const openai::GenerationFields& fields, int64_t default_max_tokens) {
  SamplingParams params;
  params.temperature = fields.temperature.value_or(params.temperature);
  params.top_p = fields.top_p.value_or(params.top_p);
  params.top_k = fields.top_k.value_or(params.top_k);
  params.min_p = fields.min_p.value_or(params.min_p);
  if (fields.seed) params.seed = static_cast<uint64_t>(*fields.seed);
  params.max_tokens = fields.max_tokens.value_or(default_max_tokens);
  params.ignore_eos = fields.ignore_eos;
  return params;
}

// How an endpoint differs from the other.
struct EndpointTraits {
  std::string_view id_prefix;
  const AnswerFormat* format = nullptr;
  int64_t default_max_tokens = 0;
};

PreparedRequest MakeRequest(const openai::GenerationFields& fields, const EndpointTraits& endpoint,
                            Tokens tokens, const LoadedModel& model) {
  if (auto* refusal = std::get_if<net::HttpResponse>(&tokens)) return std::move(*refusal);
  auto& prompt = std::get<std::vector<TokenId>>(tokens);
  const auto num_tokens = static_cast<int64_t>(prompt.size());
  if (num_tokens + 1 > ContextLength(model)) {
    return openai::ContextLengthError(num_tokens, ContextLength(model));
  }
  return GenerationRequest{.identity = {.id = NewId(endpoint.id_prefix),
                                        .created = UnixSeconds(),
                                        .model = fields.model,
                                        .include_usage = fields.include_usage},
                           .format = endpoint.format,
                           .stream = fields.stream,
                           .stop = fields.stop,
                           .engine = {.prompt = std::move(prompt),
                                      .sampling = SamplingOf(fields, endpoint.default_max_tokens)}};
}

Tokens CompletionTokens(openai::CompletionRequest& request, const Served& served) {
  if (auto* ids = std::get_if<std::vector<int32_t>>(&request.prompt)) return std::move(*ids);
  const LoadedModel& model = *served.model;
  if (model.tokenizer != nullptr) {
    const auto bos = model.tokenizer->AddsBos() ? model.tokenizer->BosId() : std::nullopt;
    return Tokenize(std::get<std::string>(request.prompt), bos, model);
  }
  return RefusalOf(InvalidArgument(
      fmt::format("the model {} has no tokenizer: give the prompt as a list of token ids",
                  served.name),
      "prompt"));
}

}  // namespace

net::HttpResponse RefusalOf(const Status& status) {
  if (status.code() == Code::kUnavailable) {
    return openai::EngineUnavailableError(status.message(), kRetryAfterSeconds);
  }
  net::HttpResponse response = net::ErrorResponse(status);
  if (status.code() == Code::kResourceExhausted) {
    response.headers.emplace_back("Retry-After", std::to_string(kRetryAfterSeconds));
  }
  return response;
}

PreparedRequest PrepareChat(std::string_view body, const Served& served) {
  Result<openai::ChatRequest> request = openai::ParseChatRequest(body);
  if (!request.ok()) return RefusalOf(request.status());
  const openai::GenerationFields& fields = request->fields;
  if (fields.model != served.name) {
    return openai::ModelNotFoundError(fields.model, served.name);
  }
  const Result<std::string> text = RenderChat(request->messages, served);
  if (!text.ok()) return RefusalOf(text.status());
  const LoadedModel& model = *served.model;
  return MakeRequest(fields, {"chatcmpl", &ChatFormat(), ContextLength(model)},
                     Tokenize(*text, /*bos=*/std::nullopt, model), model);
}

PreparedRequest PrepareCompletion(std::string_view body, const Served& served) {
  Result<openai::CompletionRequest> request = openai::ParseCompletionRequest(body);
  if (!request.ok()) return RefusalOf(request.status());
  const openai::GenerationFields& fields = request->fields;
  if (fields.model != served.name) {
    return openai::ModelNotFoundError(fields.model, served.name);
  }
  if (served.model->tokenizer == nullptr && !fields.stop.empty()) {
    return RefusalOf(InvalidArgument(
        fmt::format("the model {} has no tokenizer: there is no text to find stop strings in",
                    served.name),
        "stop"));
  }
  return MakeRequest(fields, {"cmpl", &CompletionFormat(), kDefaultCompletionTokens},
                     CompletionTokens(*request, served), *served.model);
}

}  // namespace redline::engine
