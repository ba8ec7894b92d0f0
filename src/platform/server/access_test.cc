// Fault F38: who may call what. The route table is enumerated, so a new route is covered at once.
#include <gtest/gtest.h>

#include <set>

#include "base/strings.h"
#include "platform/server/api.h"
#include "platform/server/auth.h"
#include "platform/server/server_test_util.h"

namespace redline::platform {
namespace {

using nlohmann::json;

// The only routes of the management API that anybody may call.
const std::set<std::string> kOpenRoutes = {"GET /api/v1/version", "GET /api/v1/openapi.json"};

// A path with something in the place of its parameters.
std::string Concrete(const std::string& pattern) {
  std::string path;
  for (const std::string& segment : Split(pattern.substr(1), '/'))
    path += "/" + (segment.starts_with('{') ? "x" : segment);
  return path;
}

class AccessTest : public ServerTest {};

TEST_F(AccessTest, EveryRouteNeedsAKeyUnlessListed) {
  const std::vector<net::Headers> wrong_keys = {
      {},
      {{"Authorization", "Bearer wrong"}},
      {{"Authorization", "Bearer "}},
      {{"Authorization", std::string("Basic ") + kKey}},
      {{"Authorization", kKey}},
      {{"Authorization", std::string("Bearer ") + kKey + "x"}},
      {{"Authorization", "Bearer ' OR 1=1--"}},
      {{"X-Api-Key", kKey}},
      {{"Cookie", std::string("key=") + kKey}},
      {{"X-Forwarded-For", "127.0.0.1"}, {"X-Real-IP", "127.0.0.1"}},
      {{"Authorization", "Bearer " + std::string(10000, 'a')}},
  };
  int num_guarded = 0;
  for (const ApiRoute& route : ApiRoutes()) {
    const std::string name = std::string(route.method) + " " + route.path;
    EXPECT_EQ(route.access == Access::kOpen, kOpenRoutes.contains(name)) << name;
    EXPECT_EQ(route.access == Access::kInternal,
              std::string_view(route.path).starts_with("/internal/v1/"))
        << name;
    if (route.access != Access::kAdmin) continue;
    for (const auto& headers : wrong_keys)
      EXPECT_EQ(Send(route.method, Concrete(route.path), "", headers).status, 401) << name;
    EXPECT_EQ(Send(route.method, Concrete(route.path) + "?key=" + kKey, "", {}).status, 401)
        << name;
    EXPECT_NE(Call(route.method, Concrete(route.path)).status, 401) << name;
    ++num_guarded;
  }
  EXPECT_GE(num_guarded, 11);
}

TEST_F(AccessTest, OtherFormsOfAPathOpenNothing) {
  for (const char* path :
       {"//api/v1/deployments", "/api//v1/deployments", "/api/v1/./deployments",
        "/api/v1/version/../deployments", "/api/v1/%64eployments", "/API/v1/deployments",
        "/api/v1/deployments/", "/api/v1/deployments%2f", "/api/v1/deployments;x=1"}) {
    const Reply reply = Send("GET", path, "", {});
    EXPECT_TRUE(reply.status == 400 || reply.status == 401 || reply.status == 404)
        << path << " " << reply.status;
    EXPECT_EQ(reply.text.find("items"), std::string::npos) << path;
  }
}

TEST_F(AccessTest, OtherMethodsAreRefused) {
  for (const char* method : {"PUT", "OPTIONS", "TRACE"}) {
    const int status = Send(method, "/api/v1/deployments", "", {}).status;
    EXPECT_TRUE(status == 401 || status == 404 || status == 405 || status == 501)
        << method << status;
  }
}

TEST_F(AccessTest, OpenRoutesAnswerWithoutAKey) {
  const Reply version = Send("GET", "/api/v1/version", "", {});
  EXPECT_EQ(version.status, 200);
  EXPECT_TRUE(version.json["version"].is_string());
  EXPECT_EQ(Send("GET", "/api/v1/openapi.json", "", {}).status, 200);
}

TEST_F(AccessTest, TheKeyIsStoredAsAHashOnly) {
  const json snapshot = Send("GET", "/internal/v1/snapshot", "", {}).json;
  EXPECT_EQ(snapshot["keys"][0]["id"], "admin");
  EXPECT_EQ(snapshot["keys"][0]["sha256"], Sha256Hex(kKey));
  EXPECT_EQ(snapshot["keys"][0]["scopes"], json::array({"admin", "inference"}));
}

TEST(Authenticator, AKeyWithoutTheScopeIsForbidden) {
  const Authenticator authenticator({{"user", Sha256Hex("k"), {"inference"}}});
  net::HttpRequest request;
  request.headers = {{"authorization", "bearer k"}};
  EXPECT_EQ(authenticator.Check(request, "admin").code(), Code::kPermissionDenied);
  EXPECT_TRUE(authenticator.Check(request, "inference").ok());
}

TEST(ApiErrorResponse, AFullDiskIsTheServersFault) {
  const net::HttpResponse response = ApiErrorResponse(ResourceExhausted("the disk is full"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(json::parse(response.body)["error"]["code"], "storage_full");
  EXPECT_EQ(net::FindHeader(response.headers, "Retry-After"), "5");
}

// ---- the document

// Every key of a real answer is in its schema.
void ExpectDescribed(const json& document, const json& schema, const json& value,
                     const std::string& where) {
  if (schema.contains("$ref")) {
    const std::string name = schema["$ref"].get<std::string>().substr(21);
    ASSERT_TRUE(document["components"]["schemas"].contains(name)) << name;
    return ExpectDescribed(document, document["components"]["schemas"][name], value, where);
  }
  if (value.is_object() && schema.contains("properties")) {
    for (const auto& [key, field] : value.items()) {
      ASSERT_TRUE(schema["properties"].contains(key)) << where << "." << key;
      ExpectDescribed(document, schema["properties"][key], field, where + "." + key);
    }
  }
  if (value.is_array()) {
    ASSERT_TRUE(schema.contains("items")) << where;
    for (const json& item : value) ExpectDescribed(document, schema["items"], item, where + "[]");
  }
}

TEST_F(AccessTest, TheDocumentDescribesEveryRouteAndItsAnswers) {
  const json document = Send("GET", "/api/v1/openapi.json", "", {}).json;
  EXPECT_EQ(document["openapi"], "3.1.0");
  FakeAgent([this](const std::string& method, const std::string& path,
                   const json& body) { return Call(method, path, body); },
            "worker-1", int64_t{16} << 30)
      .Heartbeat();
  ASSERT_EQ(Call("POST", "/api/v1/deployments", {{"model", "smollm2-135m-instruct"}, {"name", "x"}})
                .status,
            201);
  size_t num_operations = 0;
  for (const ApiRoute& route : ApiRoutes()) {
    if (route.access == Access::kInternal) continue;
    ++num_operations;
    const json& operation = document["paths"][route.path][ToLower(route.method)];
    ASSERT_TRUE(operation.is_object()) << route.path;
    const json& success = operation["responses"][std::to_string(route.success_status)];
    if (std::string(route.method) != "GET" || !success.contains("content")) continue;
    const std::string path = route.path;
    if (path.ends_with("/logs") || path.ends_with("/metrics")) continue;  // nobody would answer
    const Reply reply = Call("GET", Concrete(route.path));
    if (reply.status == 404) continue;  // no model is called x
    EXPECT_EQ(reply.status, 200) << route.path << reply.text;
    ExpectDescribed(document, success["content"]["application/json"]["schema"], reply.json,
                    route.path);
  }
  size_t num_described = 0;
  for (const auto& [path, operations] : document["paths"].items())
    num_described += operations.size();
  EXPECT_EQ(num_described, num_operations) << "and nothing else: no internal route";
}

// ---- the console

TEST_F(AccessTest, TheConsoleIsOpenAndStrict) {
  const struct {
    const char* path;
    int status;
    const char* content_type;
    const char* cache_control;
  } cases[] = {
      {"/", 200, "text/html; charset=utf-8", "no-cache"},
      {"/deployments/deepseek-v3.2", 200, "text/html; charset=utf-8", "no-cache"},
      {"/plan", 200, "text/html; charset=utf-8", "no-cache"},
      {"/lab", 200, "text/html; charset=utf-8", "no-cache"},
      {"/tuning", 200, "text/html; charset=utf-8", "no-cache"},
      {"/index.html", 200, "text/html; charset=utf-8", "no-cache"},
      {"/favicon.svg", 200, "image/svg+xml", "no-cache"},
      {"/assets/app-1234.js", 200, "text/javascript; charset=utf-8",
       "public, max-age=31536000, immutable"},
      {"/assets/none.js", 404, "application/json", ""},
      {"/server_info", 404, "application/json", ""},
      {"/nope", 404, "application/json", ""},
      {"/api", 404, "application/json", ""},
      {"/api/v2/x", 404, "application/json", ""},
      {"/internal/v1/none", 404, "application/json", ""},
      {"/v1/models", 404, "application/json", ""},
  };
  for (const auto& test : cases) {
    const Reply reply = Send("GET", test.path, "", {});
    EXPECT_EQ(reply.status, test.status) << test.path;
    EXPECT_EQ(net::FindHeader(reply.headers, "Content-Type"), test.content_type) << test.path;
    EXPECT_EQ(net::FindHeader(reply.headers, "Cache-Control"), test.cache_control) << test.path;
    if (test.status != 200) continue;
    const auto policy = net::FindHeader(reply.headers, "Content-Security-Policy");
    EXPECT_NE(policy.find("script-src 'self'"), std::string::npos) << test.path;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << test.path;
    EXPECT_EQ(net::FindHeader(reply.headers, "X-Content-Type-Options"), "nosniff") << test.path;
    const std::string etag(net::FindHeader(reply.headers, "ETag"));
    const Reply again = Send("GET", test.path, "", {{"If-None-Match", etag}});
    EXPECT_EQ(again.status, 304) << test.path;
    EXPECT_EQ(again.text, "");
  }
}

}  // namespace
}  // namespace redline::platform
