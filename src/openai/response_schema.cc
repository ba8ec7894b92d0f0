#include "openai/response_schema.h"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

namespace redline::openai {
namespace {

using Json = nlohmann::json;

Json Typed(const char* type) { return {{"type", type}}; }
Json OrNull(const char* type) { return {{"type", {type, "null"}}}; }
Json OrNull(Json schema) { return {{"anyOf", {std::move(schema), Typed("null")}}}; }
Json Only(const char* value) { return {{"const", value}}; }
Json List(Json items) { return {{"type", "array"}, {"items", std::move(items)}}; }
Json Count() { return {{"type", "integer"}, {"minimum", 0}}; }
Json Logprob() { return {{"type", "number"}, {"maximum", 0}}; }

enum class Members { kRequired, kOptional };
Json Object(std::initializer_list<std::pair<const char*, Json>> members,
            Members presence = Members::kRequired) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& [name, schema] : members) {
    properties[name] = schema;
    if (presence == Members::kRequired) required.push_back(name);
  }
  return {{"type", "object"}, {"properties", properties}, {"required", required}};
}

// `schema` with members that may be missing.
Json With(Json schema, std::initializer_list<std::pair<const char*, Json>> optional) {
  for (const auto& [name, member] : optional) schema["properties"][name] = member;
  return schema;
}

Json FinishReasonSchema() { return {{"enum", {"stop", "length", "tool_calls", nullptr}}}; }
Json StopReasonSchema() { return {{"type", {"string", "integer", "null"}}}; }
Json TokenIdsSchema() { return List(Count()); }

Json UsageSchema() {
  return Object({{"prompt_tokens", Count()},
                 {"completion_tokens", Count()},
                 {"total_tokens", Count()},
                 {"prompt_tokens_details", Object({{"cached_tokens", Count()}})}});
}

Json ChatLogprobsSchema() {
  const Json token =
      Object({{"token", Typed("string")}, {"logprob", Logprob()}, {"bytes", List(Count())}});
  Json with_top = token;
  with_top["properties"]["top_logprobs"] = List(token);
  with_top["required"].push_back("top_logprobs");
  return OrNull(Object({{"content", List(with_top)}, {"refusal", Typed("null")}}));
}

Json CompletionLogprobsSchema() {
  return OrNull(Object({{"tokens", List(Typed("string"))},
                        {"token_logprobs", List(OrNull(Logprob()))},
                        {"top_logprobs", List(OrNull(Json{{"type", "object"},
                                                          {"additionalProperties", Logprob()}}))},
                        {"text_offset", List(Count())}}));
}

Json PromptLogprobsSchema() {
  const Json token = Object(
      {{"logprob", Logprob()}, {"rank", OrNull("integer")}, {"decoded_token", Typed("string")}});
  return List(OrNull(Json{{"type", "object"}, {"additionalProperties", token}}));
}

Json ToolCallSchema() {
  return Object(
      {{"id", Typed("string")},
       {"type", Only("function")},
       {"function", Object({{"name", Typed("string")}, {"arguments", Typed("string")}})}});
}

Json ToolCallPieceSchema() {
  return With(Object({{"index", Count()},
                      {"function", With(Object({{"arguments", Typed("string")}}),
                                        {{"name", Typed("string")}})}}),
              {{"id", Typed("string")}, {"type", Only("function")}});
}

Json MessageSchema() {
  return With(
      Object(
          {{"role", Only("assistant")}, {"content", OrNull("string")}, {"refusal", Typed("null")}}),
      {{"reasoning_content", Typed("string")}, {"tool_calls", List(ToolCallSchema())}});
}

Json DeltaSchema() {
  return Object({{"role", Only("assistant")},
                 {"content", Typed("string")},
                 {"reasoning_content", Typed("string")},
                 {"tool_calls", List(ToolCallPieceSchema())}},
                Members::kOptional);
}

Json ChoiceSchema(const char* name, Json said, Json logprobs) {
  return With(Object({{"index", Count()},
                      {name, std::move(said)},
                      {"logprobs", std::move(logprobs)},
                      {"finish_reason", FinishReasonSchema()},
                      {"stop_reason", StopReasonSchema()}}),
              {{"token_ids", TokenIdsSchema()}});
}

Json AnswerSchema(const char* object, Json choice, Json usage) {
  return With(Object({{"id", Typed("string")},
                      {"object", Only(object)},
                      {"created", Count()},
                      {"model", Typed("string")},
                      {"choices", List(std::move(choice))}}),
              {{"usage", std::move(usage)}});
}

}  // namespace

Json ErrorSchema() {
  const Json error = With(Object({{"message", Typed("string")},
                                  {"type", Typed("string")},
                                  {"param", OrNull("string")},
                                  {"code", OrNull("string")}}),
                          {{"n_prompt_tokens", Count()}, {"n_ctx", Count()}});
  return Object({{"error", error}});
}

Json ChatCompletionSchema() {
  Json answer =
      AnswerSchema("chat.completion",
                   ChoiceSchema("message", MessageSchema(), ChatLogprobsSchema()), UsageSchema());
  answer["required"].push_back("usage");
  return With(std::move(answer), {{"prompt_token_ids", TokenIdsSchema()},
                                  {"prompt_logprobs", PromptLogprobsSchema()}});
}

Json ChatChunkSchema() {
  return With(AnswerSchema("chat.completion.chunk",
                           ChoiceSchema("delta", DeltaSchema(), ChatLogprobsSchema()),
                           OrNull(UsageSchema())),
              {{"prompt_token_ids", TokenIdsSchema()}});
}

Json TextCompletionSchema() {
  Json choice = ChoiceSchema("text", Typed("string"), CompletionLogprobsSchema());
  return AnswerSchema("text_completion",
                      With(std::move(choice), {{"prompt_token_ids", TokenIdsSchema()},
                                               {"prompt_logprobs", PromptLogprobsSchema()}}),
                      OrNull(UsageSchema()));
}

Json ModelSchema() {
  return With(Object({{"id", Typed("string")},
                      {"object", Only("model")},
                      {"created", Count()},
                      {"owned_by", Typed("string")}}),
              {{"max_model_len", Count()}});
}

Json ModelListSchema() { return Object({{"object", Only("list")}, {"data", List(ModelSchema())}}); }

Json TokenizeAnswerSchema() {
  return Object({{"count", Count()},
                 {"max_model_len", Count()},
                 {"tokens", TokenIdsSchema()},
                 {"token_strs", OrNull(List(Typed("string")))}});
}

Json DetokenizeAnswerSchema() { return Object({{"prompt", Typed("string")}}); }

}  // namespace redline::openai
