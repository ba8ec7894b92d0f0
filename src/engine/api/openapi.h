// GET /openapi.json: the engine's API as an OpenAPI 3.1 document, its requests made of the table
// that validates them. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace redline::engine {

// One entry per operation of the engine, in the order of the document.
struct ApiOperation {
  std::string_view method;
  std::string_view path;  // as the router's: "/v1/models/{model...}"
  std::string_view operation_id;
  std::string_view summary;
};
std::span<const ApiOperation> ApiOperations();

enum class KeyPolicy { kNone, kRequired };
std::string OpenApiDocument(const std::string& model_name, KeyPolicy key);

}  // namespace redline::engine
