#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "base/version.h"
#include "platform/server/api.h"
#include "spec/json.h"

namespace redline::platform {
namespace {

using nlohmann::json;

json Content(json schema) { return {{"application/json", {{"schema", std::move(schema)}}}}; }

json ErrorSchema() {
  const json text_or_null = {{"type", {"string", "null"}}};
  return {{"type", "object"},
          {"properties",
           {{"error",
             {{"type", "object"},
              {"properties",
               {{"message", {{"type", "string"}}},
                {"type", {{"type", "string"}}},
                {"param", text_or_null},
                {"code", text_or_null}}}}}}}};
}

json PathParameters(std::string_view path) {
  json parameters = json::array();
  for (const std::string& segment : Split(path, '/')) {
    if (!segment.starts_with('{')) continue;
    parameters.push_back({{"name", segment.substr(1, segment.size() - 2)},
                          {"in", "path"},
                          {"required", true},
                          {"schema", {{"type", "string"}}}});
  }
  return parameters;
}

json OperationOf(const ApiRoute& route, json& schemas) {
  json operation = {{"operationId", route.operation_id},
                    {"summary", route.summary},
                    {"parameters", PathParameters(route.path)}};
  for (const QueryParameter& query : route.queries)
    operation["parameters"].push_back({{"name", query.name},
                                       {"in", "query"},
                                       {"description", query.description},
                                       {"schema", {{"type", "string"}}}});
  json success = {{"description", "done"}};
  if (route.response != nullptr) success["content"] = Content(route.response(schemas));
  const json failure = {{"description", "what is wrong and what to do"},
                        {"content", Content({{"$ref", "#/components/schemas/Error"}})}};
  operation["responses"] = {{std::to_string(route.success_status), success}, {"default", failure}};
  if (route.request != nullptr)
    operation["requestBody"] = {{"required", true}, {"content", Content(route.request(schemas))}};
  // An empty list lifts the document's requirement of a key.
  if (route.access == Access::kOpen) operation["security"] = json::array();
  return operation;
}

}  // namespace

std::string OpenApiDocument(std::span<const ApiRoute> routes) {
  json schemas = {{"Error", ErrorSchema()}};
  json paths = json::object();
  for (const ApiRoute& route : routes) {
    if (route.access == Access::kInternal) continue;
    paths[route.path][ToLower(route.method)] = OperationOf(route, schemas);
  }
  const json document = {
      {"openapi", "3.1.0"},
      {"info", {{"title", "Redline management API"}, {"version", kVersion}}},
      {"paths", std::move(paths)},
      {"security", json::array({{{"key", json::array()}}})},
      {"components",
       {{"schemas", std::move(schemas)},
        {"securitySchemes", {{"key", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
  return spec::DumpJson(document);
}

}  // namespace redline::platform
