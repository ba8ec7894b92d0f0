#include "engine/api/openapi.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/api/api_testing.h"

namespace redline::engine {
namespace {

using Json = nlohmann::json;

TEST(OpenApi, EveryRouteIsInTheDocumentAndTheOtherWayRound) {
  TestServer server;
  std::set<std::string> routes;
  for (const net::Router::Route& route : server.server().router().routes())
    routes.insert(route.method + " " + route.pattern);
  std::set<std::string> operations;
  for (const ApiOperation& operation : ApiOperations())
    operations.insert(std::string(operation.method) + " " + std::string(operation.path));
  EXPECT_EQ(routes, operations);
}

void CollectReferences(const Json& value, std::set<std::string>& references) {
  if (value.is_object() && value.contains("$ref")) references.insert(value["$ref"]);
  if (!value.is_structured()) return;
  for (const Json& item : value) CollectReferences(item, references);
}

TEST(OpenApi, ReferencesExistAndAreUsed) {
  const Json document = Json::parse(OpenApiDocument("tiny", KeyPolicy::kRequired));
  std::set<std::string> references;
  CollectReferences(document["paths"], references);
  std::set<std::string> schemas;
  for (const auto& [name, schema] : document["components"]["schemas"].items())
    schemas.insert("#/components/schemas/" + name);
  EXPECT_EQ(references, schemas);
}

TEST(OpenApi, SaysWhichPathsNeedAKey) {
  const Json open = Json::parse(OpenApiDocument("tiny", KeyPolicy::kNone));
  EXPECT_FALSE(open.contains("security"));
  TestServer server(
      {.serve = {.model_path = "testing", .served_model_name = "tiny", .api_key = "k"}});
  const Json document =
      server.Call("GET", "/openapi.json", "", {{"Authorization", "Bearer k"}}).json();
  EXPECT_TRUE(document.contains("security"));
  EXPECT_EQ(document["paths"]["/health"]["get"]["security"], Json::array());
  EXPECT_TRUE(document["paths"]["/v1/models"]["get"]["responses"].contains("401"));
}

}  // namespace
}  // namespace redline::engine
