#include "engine/api/openapi.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/strings.h"
#include "base/version.h"
#include "openai/field_table.h"
#include "openai/response_schema.h"

namespace redline::engine {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kJson = "application/json";

constexpr ApiOperation kOperations[] = {
    {"POST", "/v1/chat/completions", "createChatCompletion", "Answer a chat"},
    {"POST", "/v1/completions", "createCompletion", "Continue prompts"},
    {"GET", "/v1/models", "listModels", "The model that is served"},
    {"GET", "/v1/models/{model...}", "getModel", "The model, by its name"},
    {"POST", "/tokenize", "tokenize", "Token ids of a text or a chat"},
    {"POST", "/detokenize", "detokenize", "The text of token ids"},
    {"GET", "/health", "getHealth", "Whether requests are answered"},
    {"GET", "/metrics", "getMetrics", "Metrics in Prometheus' text format"},
    {"GET", "/server_info", "getServerInfo", "Options, what became of them, memory"},
    {"GET", "/openapi.json", "getOpenApi", "This document"},
};

Json Reference(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

Json Content(std::string_view type, Json schema) {
  return {{std::string(type), {{"schema", std::move(schema)}}}};
}

Json Response(std::string_view description, Json content) {
  return {{"description", description}, {"content", std::move(content)}};
}

Json Failure(std::string_view description) {
  return Response(description, Content(kJson, Reference("Error")));
}

// The one value that is answered.
Json RequestSchema(openai::Endpoint endpoint, const std::string& model_name) {
  Json schema = openai::RequestSchema(endpoint);
  schema["properties"]["model"]["enum"] = Json::array({model_name});
  return schema;
}

Json Components(const std::string& model_name, KeyPolicy key) {
  const Json schemas = {
      {"Error", openai::ErrorSchema()},
      {"ChatCompletionRequest", RequestSchema(openai::Endpoint::kChatCompletions, model_name)},
      {"ChatCompletion", openai::ChatCompletionSchema()},
      {"ChatCompletionChunk", openai::ChatChunkSchema()},
      {"CompletionRequest", RequestSchema(openai::Endpoint::kCompletions, model_name)},
      {"Completion", openai::TextCompletionSchema()},
      {"TokenizeRequest", RequestSchema(openai::Endpoint::kTokenize, model_name)},
      {"Tokenization", openai::TokenizeAnswerSchema()},
      {"DetokenizeRequest", RequestSchema(openai::Endpoint::kDetokenize, model_name)},
      {"Detokenization", openai::DetokenizeAnswerSchema()},
      {"Model", openai::ModelSchema()},
      {"ModelList", openai::ModelListSchema()},
      {"Health",
       {{"type", "object"},
        {"properties",
         {{"status", {{"enum", {"ok", "loading", "draining"}}}},
          {"progress", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}}}},
        {"required", Json::array({"status"})}}},
      {"Object", {{"type", "object"}}}};
  Json components = {{"schemas", schemas}};
  if (key == KeyPolicy::kRequired)
    components["securitySchemes"] = {{"key", {{"type", "http"}, {"scheme", "bearer"}}}};
  return components;
}

// A POST of this request, answered by `answer` and, where there is a stream, by events of chunks.
struct Exchange {
  std::string_view request;
  std::string_view answer;
  std::string_view chunk = "";
};

// Of one event. The last one's data is [DONE], that of a stream which fails an error.
Json EventSchema(std::string_view chunk) {
  const Json data = {
      {"type", "string"}, {"contentMediaType", kJson}, {"contentSchema", Reference(chunk)}};
  return {
      {"type", "object"}, {"properties", {{"data", data}}}, {"required", Json::array({"data"})}};
}

Json Post(const Exchange& exchange) {
  Json success = Content(kJson, Reference(exchange.answer));
  if (!exchange.chunk.empty()) {
    success.update(Content("text/event-stream", EventSchema(exchange.chunk)));
  }
  Json responses = {{"200", Response("the answer", std::move(success))},
                    {"400", Failure("a field is outside its domain; param names it")},
                    {"404", Failure("another model is served here")},
                    {"413", Failure("the body is too long")},
                    {"415", Failure("the body is not said to be JSON")},
                    {"503", Failure("the model is loading, or the engine is shutting down")}};
  if (!exchange.chunk.empty()) {
    responses["429"] = Failure("the queue is full: try again after Retry-After seconds");
    responses["500"] = Failure("the model gave numbers that are none, or a bug");
  }
  return {{"requestBody",
           {{"required", true}, {"content", Content(kJson, Reference(exchange.request))}}},
          {"responses", std::move(responses)}};
}

Json Get(Json content) {
  return {{"responses", {{"200", Response("what it is", std::move(content))}}}};
}

Json GetModels(std::string_view answer) {
  Json get = Get(Content(kJson, Reference(answer)));
  get["responses"]["503"] = Failure("the model is loading");
  return get;
}

// By operation id.
Json Details() {
  Json details = {{"createChatCompletion",
                   Post({"ChatCompletionRequest", "ChatCompletion", "ChatCompletionChunk"})},
                  {"createCompletion", Post({"CompletionRequest", "Completion", "Completion"})},
                  {"tokenize", Post({"TokenizeRequest", "Tokenization"})},
                  {"detokenize", Post({"DetokenizeRequest", "Detokenization"})},
                  {"listModels", GetModels("ModelList")},
                  {"getModel", GetModels("Model")},
                  {"getHealth", Get(Content(kJson, Reference("Health")))},
                  {"getMetrics", Get(Content("text/plain", {{"type", "string"}}))},
                  {"getServerInfo", Get(Content(kJson, Reference("Object")))},
                  {"getOpenApi", Get(Content(kJson, Reference("Object")))}};
  Json& model = details["getModel"];
  model["parameters"] = Json::array({{{"name", "model"},
                                      {"in", "path"},
                                      {"required", true},
                                      {"schema", {{"type", "string"}, {"pattern", "^[ -~]+$"}}}}});
  model["responses"]["400"] = Failure("the URL is not well-formed");
  model["responses"]["404"] = Failure("another model is served here");
  details["getHealth"]["responses"]["503"] =
      Response("not yet, or no longer", Content(kJson, Reference("Health")));
  details["getHealth"]["security"] = Json::array();  // the one path that needs no key
  return details;
}

// The router's "{model...}" is the document's "{model}".
std::string DocumentPath(std::string_view path) {
  std::string text(path);
  const size_t dots = text.find("...}");
  return dots == std::string::npos ? text : text.erase(dots, 3);
}

}  // namespace

std::span<const ApiOperation> ApiOperations() { return kOperations; }

std::string OpenApiDocument(const std::string& model_name, KeyPolicy key) {
  Json details = Details();
  Json paths = Json::object();
  for (const ApiOperation& operation : kOperations) {
    Json entry = details.at(std::string(operation.operation_id));
    entry["operationId"] = operation.operation_id;
    entry["summary"] = operation.summary;
    const bool is_guarded = key == KeyPolicy::kRequired && !entry.contains("security");
    if (is_guarded) entry["responses"]["401"] = Failure("the key is missing or wrong");
    if (key == KeyPolicy::kNone) entry.erase("security");
    paths[DocumentPath(operation.path)][ToLower(operation.method)] = std::move(entry);
  }
  Json document = {{"openapi", "3.1.0"},
                   {"info", {{"title", "Redline engine API"}, {"version", kVersion}}},
                   {"paths", std::move(paths)},
                   {"components", Components(model_name, key)}};
  if (key == KeyPolicy::kRequired) document["security"] = Json::array({{{"key", Json::array()}}});
  return document.dump();
}

}  // namespace redline::engine
