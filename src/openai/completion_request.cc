#include "openai/completion_request.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "net/json_body.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;
using Prompt = std::variant<std::string, std::vector<int32_t>>;

constexpr std::string_view kExpected = "a string or a list of token ids";

Status Wrong(const Json& value) {
  return InvalidArgument(
      fmt::format("prompt must be {}, got {}", kExpected, net::JsonExcerpt(value)), "prompt");
}

Result<Prompt> ReadTokenIds(const Json& list) {
  std::vector<int32_t> ids;
  ids.reserve(list.size());
  for (const Json& item : list) {
    const bool is_id =
        item.is_number_integer() && item >= 0 && item <= std::numeric_limits<int32_t>::max();
    if (!is_id) {
      return InvalidArgument(
          fmt::format("prompt[{}] must be a token id from 0 to {}, got {}", ids.size(),
                      std::numeric_limits<int32_t>::max(), net::JsonExcerpt(item)),
          "prompt");
    }
    ids.push_back(item.get<int32_t>());
  }
  return Prompt(std::move(ids));
}

Result<Prompt> ReadPrompt(const Json& value) {
  if (value.is_string()) return Prompt(value.get<std::string>());
  if (!value.is_array() || value.empty()) return Wrong(value);
  const bool is_batch = value[0].is_string() || value[0].is_array();
  if (!is_batch) return ReadTokenIds(value);
  if (value.size() > 1) {
    return InvalidArgument(
        fmt::format("prompt is a list of {} prompts; this version takes one prompt per request",
                    value.size()),
        "prompt");
  }
  if (value[0].is_string()) return Prompt(value[0].get<std::string>());
  return value[0].empty() ? Result<Prompt>(Wrong(value[0])) : ReadTokenIds(value[0]);
}

}  // namespace

Result<CompletionRequest> ParseCompletionRequest(std::string_view body) {
  RL_ASSIGN_OR_RETURN(const Json json, net::ParseJsonObject(body));
  CompletionRequest request;
  RL_ASSIGN_OR_RETURN(request.fields, ReadFields(json, Endpoint::kCompletions));
  const auto prompt = json.find("prompt");
  if (prompt == json.end())
    return InvalidArgument(fmt::format("prompt is required: {}", kExpected), "prompt");
  RL_ASSIGN_OR_RETURN(request.prompt, ReadPrompt(*prompt));
  return request;
}

}  // namespace redline::openai
