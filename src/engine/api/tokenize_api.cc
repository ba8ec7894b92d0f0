#include "engine/api/tokenize_api.h"

#include <fmt/format.h>

#include <utility>

#include "engine/api/refusal.h"
#include "openai/error.h"
#include "openai/response.h"
#include "openai/tokenize_request.h"

namespace redline::engine {
namespace {

using Tokens = OrRefusal<std::vector<TokenId>>;

std::optional<net::HttpResponse> RefuseRequest(const openai::GenerationFields& fields,
                                               const Served& served) {
  if (!fields.model.empty() && fields.model != served.name)
    return openai::ModelNotFoundError(fields.model, served.name);
  if (served.model->tokenizer != nullptr) return std::nullopt;
  return RefusalOf(
      InvalidArgument(fmt::format("the model {} has no tokenizer", served.name), "model"));
}

Tokens TokensOf(const openai::TokenizeRequest& request, const Served& served) {
  const auto add_bos = [&](bool by_default) {
    return request.fields.add_special_tokens.value_or(by_default) ? AddBos::kYes : AddBos::kNo;
  };
  if (const auto* prompt = std::get_if<std::string>(&request.input))
    return Tokenize(*prompt, add_bos(true), "prompt", *served.model);
  OrRefusal<std::string> text =
      RenderChat(std::get<std::vector<openai::ChatMessage>>(request.input), request.fields, served);
  if (auto* refusal = std::get_if<net::HttpResponse>(&text)) return std::move(*refusal);
  return Tokenize(std::get<std::string>(text), add_bos(false), "messages", *served.model);
}

net::HttpResponse Json(std::string body) {
  return net::TextResponse(200, std::move(body), "application/json");
}

}  // namespace

net::HttpResponse AnswerTokenize(std::string_view body, const Served& served) {
  const Result<openai::TokenizeRequest> request = openai::ParseTokenizeRequest(body);
  if (!request.ok()) return RefusalOf(request.status());
  if (auto refusal = RefuseRequest(request->fields, served)) return std::move(*refusal);
  Tokens tokens = TokensOf(*request, served);
  if (auto* refusal = std::get_if<net::HttpResponse>(&tokens)) return std::move(*refusal);
  openai::Tokenization answer{.tokens = std::get<std::vector<TokenId>>(std::move(tokens)),
                              .max_model_len = ContextLength(*served.model),
                              .token_strs = std::nullopt};
  if (request->fields.return_token_strs) {
    answer.token_strs.emplace();
    for (const TokenId token : answer.tokens)
      answer.token_strs->push_back(served.model->tokenizer->TokenBytes(token));
  }
  return Json(openai::TokenizeAnswer(answer));
}

net::HttpResponse AnswerDetokenize(std::string_view body, const Served& served) {
  const Result<openai::DetokenizeRequest> request = openai::ParseDetokenizeRequest(body);
  if (!request.ok()) return RefusalOf(request.status());
  if (auto refusal = RefuseRequest(request->fields, served)) return std::move(*refusal);
  const Result<std::string> text =
      served.model->tokenizer->Decode(request->tokens, /*skip_special=*/false);
  if (!text.ok()) return RefusalOf(InvalidArgument(text.status().message(), "tokens"));
  return Json(openai::DetokenizeAnswer(*text));
}

}  // namespace redline::engine
