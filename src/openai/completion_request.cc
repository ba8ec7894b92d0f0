#include "openai/completion_request.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "net/json_body.h"
#include "openai/field_rules.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kExpected = "a string, a list of token ids, or a list of either";

Result<Prompt> ReadTokenIds(const Json& list) {
  std::vector<int32_t> ids;
  ids.reserve(list.size());
  for (const Json& item : list) {
    const auto id = AsTokenId(item);
    if (!id) {
      return InvalidArgument(fmt::format("prompt must hold token ids from 0 to 2^31 - 1, got {} at "
                                         "position {}",
                                         net::JsonExcerpt(item), ids.size()),
                             "prompt");
    }
    ids.push_back(*id);
  }
  return Prompt(std::move(ids));
}

// One of a list: like the first, a text or a list of ids.
Result<Prompt> ReadElement(const Json& value, bool is_text) {
  if (is_text && value.is_string()) return Prompt(value.get<std::string>());
  if (!is_text && value.is_array() && !value.empty()) return ReadTokenIds(value);
  return WrongValue("prompt", is_text ? "a list of strings only" : "lists of token ids only",
                    value);
}

Result<std::vector<Prompt>> ReadPrompts(const Json& value) {
  std::vector<Prompt> prompts;
  if (value.is_string()) {
    prompts.emplace_back(value.get<std::string>());
    return prompts;
  }
  if (!value.is_array() || value.empty()) return WrongValue("prompt", kExpected, value);
  if (!value[0].is_string() && !value[0].is_array()) {
    RL_ASSIGN_OR_RETURN(Prompt ids, ReadTokenIds(value));
    prompts.push_back(std::move(ids));
    return prompts;
  }
  if (value.size() > kMaxChoicesPerRequest) {
    return InvalidArgument(fmt::format("prompt is a list of {} prompts; the limit is {}",
                                       value.size(), kMaxChoicesPerRequest),
                           "prompt");
  }
  for (const Json& element : value) {
    RL_ASSIGN_OR_RETURN(Prompt prompt, ReadElement(element, value[0].is_string()));
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

Json ListOf(Json items, int64_t max_items) {
  return {{"type", "array"}, {"items", std::move(items)}, {"minItems", 1}, {"maxItems", max_items}};
}

}  // namespace

Result<CompletionRequest> ParseCompletionRequest(std::string_view body) {
  RL_ASSIGN_OR_RETURN(const Json json, net::ParseJsonObject(body));
  CompletionRequest request;
  RL_ASSIGN_OR_RETURN(request.fields, ReadFields(json, body, Endpoint::kCompletions));
  const auto prompt = json.find("prompt");
  if (prompt == json.end())
    return InvalidArgument(fmt::format("prompt is required: {}", kExpected), "prompt");
  RL_ASSIGN_OR_RETURN(request.prompts, ReadPrompts(*prompt));
  const int64_t n = request.fields.n.value_or(1);
  if (n * static_cast<int64_t>(request.prompts.size()) > kMaxChoicesPerRequest) {
    return InvalidArgument(fmt::format("n is {} for {} prompts; n times prompts must be at most {}",
                                       n, request.prompts.size(), kMaxChoicesPerRequest),
                           "n");
  }
  return request;
}

Json PromptSchema() {
  constexpr int64_t kMaxIds = 1 << 22;  // what net::JsonLimits lets in
  const Json text = {{"type", "string"}, {"minLength", 1}};
  const Json ids = ListOf(TokenIdSchema(), kMaxIds);
  return {{"anyOf",
           {text, ids, ListOf(text, kMaxChoicesPerRequest), ListOf(ids, kMaxChoicesPerRequest)}}};
}

}  // namespace redline::openai
