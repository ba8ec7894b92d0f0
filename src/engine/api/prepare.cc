#include "engine/api/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "engine/api/refusal.h"
#include "engine/api/request_parts.h"
#include "openai/chat_request.h"
#include "openai/completion_request.h"
#include "openai/error.h"

namespace redline::engine {
namespace {

constexpr int64_t kDefaultCompletionTokens = 16;

using Tokens = OrRefusal<std::vector<TokenId>>;

openai::ResponseIdentity IdentityOf(const openai::GenerationFields& fields,
                                    openai::AnswerKind kind) {
  return {.kind = kind,
          .id = NewId(kind == openai::AnswerKind::kChat ? "chatcmpl" : "cmpl"),
          .created = UnixSeconds(),
          .model = fields.model,
          .include_usage = fields.include_usage};
}

// All but the prompts.
AnswerRequest RequestOf(const openai::GenerationFields& fields, openai::AnswerKind kind,
                        int64_t default_max_tokens, const LoadedModel& model) {
  AnswerRequest request{.identity = IdentityOf(fields, kind),
                        .stream = fields.stream,
                        .continuous_usage = fields.continuous_usage_stats,
                        .n = fields.n.value_or(1),
                        .prompts = {},
                        .sampling = SamplingOf(fields, default_max_tokens),
                        .num_prompt_logprobs = -1,
                        .cache_salt = fields.cache_salt,
                        .format = FormatOf(fields, kind, model),
                        .structure = StructureOf(fields),
                        .constraints = {},
                        .num_unknown_fields = static_cast<int64_t>(fields.unknown_fields.size())};
  const int echoed = fields.echo ? request.format.num_logprobs : -1;
  request.num_prompt_logprobs = std::max(request.format.num_prompt_logprobs, echoed);
  return request;
}

// nullopt, or why the request cannot be answered whatever its prompt.
std::optional<net::HttpResponse> RefuseRequest(const openai::GenerationFields& fields,
                                               const Served& served) {
  if (fields.model != served.name) return openai::ModelNotFoundError(fields.model, served.name);
  if (const Status status = CheckAgainstModel(fields, served); !status.ok())
    return RefusalOf(status);
  return std::nullopt;
}

// Adds a prompt, or says why it cannot be one.
std::optional<net::HttpResponse> AddPrompt(Tokens tokens, std::string text,
                                           const LoadedModel& model, AnswerRequest& request) {
  if (auto* refusal = std::get_if<net::HttpResponse>(&tokens)) return std::move(*refusal);
  auto& ids = std::get<std::vector<TokenId>>(tokens);
  const auto num_tokens = static_cast<int64_t>(ids.size());
  if (num_tokens + 1 > ContextLength(model))
    return openai::ContextLengthError(num_tokens, ContextLength(model));
  request.prompts.push_back({std::move(ids), std::move(text)});
  return std::nullopt;
}

std::optional<net::HttpResponse> AddCompletionPrompt(openai::Prompt prompt,
                                                     const openai::GenerationFields& fields,
                                                     const Served& served, AnswerRequest& request) {
  const LoadedModel& model = *served.model;
  if (auto* ids = std::get_if<std::vector<int32_t>>(&prompt)) {
    std::string text;
    if (fields.echo && model.tokenizer != nullptr) {
      Result<std::string> decoded = model.tokenizer->Decode(*ids, fields.skip_special_tokens);
      if (!decoded.ok()) return RefusalOf(InvalidArgument(decoded.status().message(), "prompt"));
      text = std::move(decoded).value();
    }
    return AddPrompt(std::move(*ids), std::move(text), model, request);
  }
  if (model.tokenizer == nullptr) {
    return RefusalOf(InvalidArgument(
        fmt::format("the model {} has no tokenizer: give the prompt as a list of token ids",
                    served.name),
        "prompt"));
  }
  auto& text = std::get<std::string>(prompt);
  const AddBos add_bos = fields.add_special_tokens.value_or(true) ? AddBos::kYes : AddBos::kNo;
  Tokens tokens = Tokenize(text, add_bos, model);
  return AddPrompt(std::move(tokens), fields.echo ? std::move(text) : "", model, request);
}

}  // namespace

PreparedAnswer PrepareChat(std::string_view body, const Served& served) {
  Result<openai::ChatRequest> parsed = openai::ParseChatRequest(body);
  if (!parsed.ok()) return RefusalOf(parsed.status());
  const openai::GenerationFields& fields = parsed->fields;
  if (auto refusal = RefuseRequest(fields, served)) return std::move(*refusal);
  const LoadedModel& model = *served.model;
  OrRefusal<std::string> text = RenderChat(parsed->messages, fields, served);
  if (auto* refusal = std::get_if<net::HttpResponse>(&text)) return std::move(*refusal);
  const auto& prompt = std::get<std::string>(text);
  AnswerRequest request = RequestOf(fields, openai::AnswerKind::kChat, ContextLength(model), model);
  if (const Status status = ReadAnswerAs(ReasoningStateOf(prompt), fields, model, request);
      !status.ok()) {
    return RefusalOf(status);
  }
  if (auto refusal = AddPrompt(Tokenize(prompt, AddBos::kNo, model), "", model, request))
    return std::move(*refusal);
  return request;
}

PreparedAnswer PrepareCompletion(std::string_view body, const Served& served) {
  Result<openai::CompletionRequest> parsed = openai::ParseCompletionRequest(body);
  if (!parsed.ok()) return RefusalOf(parsed.status());
  const openai::GenerationFields& fields = parsed->fields;
  if (auto refusal = RefuseRequest(fields, served)) return std::move(*refusal);
  AnswerRequest request =
      RequestOf(fields, openai::AnswerKind::kCompletion, kDefaultCompletionTokens, *served.model);
  for (openai::Prompt& prompt : parsed->prompts) {
    if (auto refusal = AddCompletionPrompt(std::move(prompt), fields, served, request))
      return std::move(*refusal);
  }
  return request;
}

}  // namespace redline::engine
