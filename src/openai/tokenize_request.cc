#include "openai/tokenize_request.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "net/json_body.h"
#include "openai/field_rules.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxTokens = 1 << 20;

}  // namespace

Result<TokenizeRequest> ParseTokenizeRequest(std::string_view body) {
  RL_ASSIGN_OR_RETURN(const Json json, net::ParseJsonObject(body));
  TokenizeRequest request;
  RL_ASSIGN_OR_RETURN(request.fields, ReadFields(json, body, Endpoint::kTokenize));
  const auto prompt = json.find("prompt");
  if (prompt == json.end()) {
    if (!json.contains("messages"))
      return InvalidArgument("prompt or messages is required", "prompt");
    RL_ASSIGN_OR_RETURN(request.input, ReadMessages(json));
    return request;
  }
  if (json.contains("messages"))
    return InvalidArgument("prompt and messages exclude each other; give one", "messages");
  if (!prompt->is_string()) return WrongValue("prompt", "a string", *prompt);
  request.input = prompt->get<std::string>();
  return request;
}

Result<DetokenizeRequest> ParseDetokenizeRequest(std::string_view body) {
  RL_ASSIGN_OR_RETURN(const Json json, net::ParseJsonObject(body));
  DetokenizeRequest request;
  RL_ASSIGN_OR_RETURN(request.fields, ReadFields(json, body, Endpoint::kDetokenize));
  const auto tokens = json.find("tokens");
  if (tokens == json.end())
    return InvalidArgument("tokens is required: a list of token ids", "tokens");
  if (!tokens->is_array() || tokens->size() > kMaxTokens)
    return WrongValue("tokens", fmt::format("a list of at most {} token ids", kMaxTokens), *tokens);
  for (const Json& item : *tokens) {
    const auto id = AsTokenId(item);
    if (!id) return WrongValue("tokens", "a list of token ids from 0 to 2^31 - 1", item);
    request.tokens.push_back(*id);
  }
  return request;
}

Json TextPromptSchema() { return {{"type", "string"}}; }

Json TokensSchema() {
  return {{"type", "array"}, {"maxItems", kMaxTokens}, {"items", TokenIdSchema()}};
}

}  // namespace redline::openai
