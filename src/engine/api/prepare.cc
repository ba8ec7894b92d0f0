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
// Of one answer: each takes some hundred bytes of memory until it is sent.
constexpr int64_t kMaxLogprobs = 4 << 20;

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

// The most log-probs the answer can tell, those of prompts included.
Status CheckLogprobs(const AnswerRequest& request, int64_t context_length) {
  const int64_t per_token = request.format.num_logprobs + 1;
  const int64_t per_prompt_token = request.num_prompt_logprobs + 1;
  int64_t num_logprobs = 0;
  for (const PromptTokens& prompt : request.prompts) {
    const auto num_tokens = static_cast<int64_t>(prompt.tokens.size());
    const int64_t max_tokens = std::min(request.sampling.max_tokens, context_length - num_tokens);
    num_logprobs += request.n * (max_tokens * per_token + num_tokens * per_prompt_token);
  }
  if (num_logprobs <= kMaxLogprobs) return OkStatus();
  return InvalidArgument(
      fmt::format("the answer could have {} log-probs; the limit is {}: ask for fewer, for fewer "
                  "tokens or for fewer choices",
                  num_logprobs, kMaxLogprobs),
      "logprobs");
}

// nullopt, or why the request cannot be answered whatever its prompt.
std::optional<net::HttpResponse> RefuseRequest(const openai::GenerationFields& fields,
                                               const Served& served) {
  if (fields.model != served.name) return openai::ModelNotFoundError(fields.model, served.name);
  if (const Status status = CheckAgainstModel(fields, served); !status.ok())
    return RefusalOf(status);
  return std::nullopt;
}

// The field of the request that its prompts came from.
std::string_view PromptField(const AnswerRequest& request) {
  return request.format.kind == openai::AnswerKind::kChat ? "messages" : "prompt";
}

// Adds a prompt, or says why it cannot be one.
std::optional<net::HttpResponse> AddPrompt(Tokens tokens, std::string text,
                                           const LoadedModel& model, AnswerRequest& request) {
  if (auto* refusal = std::get_if<net::HttpResponse>(&tokens)) return std::move(*refusal);
  auto& ids = std::get<std::vector<TokenId>>(tokens);
  const auto num_tokens = static_cast<int64_t>(ids.size());
  if (num_tokens + 1 > ContextLength(model))
    return openai::ContextLengthError(PromptField(request), num_tokens, ContextLength(model));
  request.prompts.push_back({std::move(ids), std::move(text)});
  return std::nullopt;
}

std::optional<net::HttpResponse> AddTokenIds(std::vector<int32_t> ids,
                                             const openai::GenerationFields& fields,
                                             const LoadedModel& model, AnswerRequest& request) {
  if (auto refusal = AddPrompt(std::move(ids), "", model, request)) return refusal;
  if (!fields.echo || model.tokenizer == nullptr) return std::nullopt;
  PromptTokens& prompt = request.prompts.back();
  Result<std::string> text = model.tokenizer->Decode(prompt.tokens, fields.skip_special_tokens);
  if (!text.ok()) return RefusalOf(InvalidArgument(text.status().message(), "prompt"));
  prompt.text = std::move(text).value();
  return std::nullopt;
}

std::optional<net::HttpResponse> AddText(std::string text, const openai::GenerationFields& fields,
                                         const Served& served, AnswerRequest& request) {
  const LoadedModel& model = *served.model;
  if (model.tokenizer == nullptr) {
    return RefusalOf(InvalidArgument(
        fmt::format("the model {} has no tokenizer: give the prompt as a list of token ids",
                    served.name),
        "prompt"));
  }
  const AddBos add_bos = fields.add_special_tokens.value_or(true) ? AddBos::kYes : AddBos::kNo;
  Tokens tokens = Tokenize(text, add_bos, PromptField(request), model);
  if (!fields.echo) text.clear();
  return AddPrompt(std::move(tokens), std::move(text), model, request);
}

std::optional<net::HttpResponse> AddCompletionPrompt(openai::Prompt prompt,
                                                     const openai::GenerationFields& fields,
                                                     const Served& served, AnswerRequest& request) {
  if (auto* ids = std::get_if<std::vector<int32_t>>(&prompt))
    return AddTokenIds(std::move(*ids), fields, *served.model, request);
  return AddText(std::get<std::string>(std::move(prompt)), fields, served, request);
}

PreparedAnswer Checked(AnswerRequest request, const LoadedModel& model) {
  if (const Status status = CheckLogprobs(request, ContextLength(model)); !status.ok())
    return RefusalOf(status);
  return request;
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
  if (auto refusal =
          AddPrompt(Tokenize(prompt, AddBos::kNo, PromptField(request), model), "", model, request))
    return std::move(*refusal);
  return Checked(std::move(request), model);
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
  return Checked(std::move(request), *served.model);
}

}  // namespace redline::engine
