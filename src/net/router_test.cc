#include <gtest/gtest.h>

#include <stdexcept>

#include "net/http_server.h"
#include "net/origin_guard.h"

namespace redline::net {
namespace {

class CapturingWriter : public ResponseWriter {
 public:
  void Send(HttpResponse sent) override { response = std::move(sent); }
  void StartStream(int, Headers) override {}
  bool Write(std::string) override { return true; }
  void End() override {}
  size_t BufferedBytes() const override { return 0; }
  void OnPeerClosed(std::function<void()>) override {}
  void OnDrained(std::function<void()>) override {}
  void Abort() override {}
  HttpResponse response{.status = 0};
};

HttpResponse Ask(const Router& router, const std::string& method, const std::string& path,
                 Headers headers = {}) {
  auto writer = std::make_shared<CapturingWriter>();
  HttpRequest request;
  request.method = method;
  request.path = path;
  request.headers = std::move(headers);
  router.Dispatch(std::move(request), writer);
  return writer->response;
}

// A handler that answers with its name and the parameters it got.
Handler Named(const std::string& name) {
  return [name](const HttpRequest& request, const std::shared_ptr<ResponseWriter>& writer) {
    std::string text = name;
    for (const auto& [key, value] : request.path_params) text += " " + key + "=" + value;
    writer->Send(TextResponse(200, text, "text/plain"));
  };
}

Router MakeRouter() {
  Router router;
  router.Add("GET", "/", Named("root"));
  router.Add("GET", "/items", Named("list"));
  router.Add("POST", "/items", Named("create"));
  router.Add("GET", "/items/{id}", Named("get"));
  router.Add("GET", "/items/special", Named("special"));
  router.Add("DELETE", "/items/{id}", Named("delete"));
  router.Add("GET", "/items/{id}/logs", Named("logs"));
  router.Add("GET", "/files/{path...}", Named("files"));
  router.Add("GET", "/throws", [](auto, auto) { throw std::runtime_error("secret"); });
  return router;
}

TEST(RouterTest, FindsTheClosestRoute) {
  const Router router = MakeRouter();
  EXPECT_EQ(Ask(router, "GET", "/").body, "root");
  EXPECT_EQ(Ask(router, "GET", "/items").body, "list");
  EXPECT_EQ(Ask(router, "HEAD", "/items").body, "list");
  EXPECT_EQ(Ask(router, "POST", "/items").body, "create");
  EXPECT_EQ(Ask(router, "GET", "/items/7").body, "get id=7");
  EXPECT_EQ(Ask(router, "GET", "/items/special").body, "special");
  EXPECT_EQ(Ask(router, "DELETE", "/items/special").body, "delete id=special");
  EXPECT_EQ(Ask(router, "GET", "/items/7/logs").body, "logs id=7");
  EXPECT_EQ(Ask(router, "GET", "/files/a/b.js").body, "files path=a/b.js");
}

TEST(RouterTest, UnknownPathsAndMethods) {
  const Router router = MakeRouter();
  for (const char* path :
       {"/nope", "/Items", "/items/", "/items/7/", "/items/7/logs/x", "/items//"})
    EXPECT_EQ(Ask(router, "GET", path).status, 404) << path;
  for (const char* method : {"PUT", "PATCH", "OPTIONS", "TRACE", "get"}) {
    const HttpResponse response = Ask(router, method, "/items");
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(FindHeader(response.headers, "Allow"), "GET, POST");
  }
}

TEST(RouterTest, GuardsComeFirst) {
  Router router = MakeRouter();
  router.AddGuard([](const HttpRequest& request) {
    return FindHeader(request.headers, "Key") == "k" ? OkStatus()
                                                     : Status(Code::kUnauthenticated, "no key");
  });
  EXPECT_EQ(Ask(router, "GET", "/items").status, 401);
  EXPECT_EQ(Ask(router, "GET", "/nope").status, 401);
  EXPECT_EQ(Ask(router, "PUT", "/items").status, 401);
  EXPECT_EQ(Ask(router, "GET", "/items", {{"key", "k"}}).status, 200);
}

TEST(RouterTest, AThrowingHandlerIsAnInternalError) {
  const HttpResponse response = Ask(MakeRouter(), "GET", "/throws");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
}

struct OriginCase {
  std::string host;
  std::string origin;
  bool allowed;
};

TEST(RejectForeignOrigins, Table) {
  const Router::Guard guard = RejectForeignOrigins({"Box.example"});
  const OriginCase cases[] = {
      {"localhost:8080", "", true},
      {"127.0.0.1:8080", "", true},
      {"[::1]:8080", "", true},
      {"192.168.1.5", "", true},
      {"app.localhost", "", true},
      {"box.EXAMPLE:80", "", true},
      {"localhost.", "", true},
      {"", "", true},
      {"evil.com", "", false},
      {"localhost.evil.com", "", false},
      {"127.0.0.1.evil.com", "", false},
      {"[::1", "", true},
      {"[evil.com]", "", false},
      {"localhost:8080", "http://localhost:8080", true},
      {"localhost:8080", "http://LOCALHOST:8080", true},
      {"localhost:8080", "http://localhost:9090", false},
      {"localhost:8080", "http://evil.com", false},
      {"localhost:8080", "null", false},
      {"localhost:8080", "http://localhost:8080.evil.com", false},
  };
  for (const OriginCase& test : cases) {
    HttpRequest request;
    if (!test.host.empty()) request.headers.emplace_back("Host", test.host);
    if (!test.origin.empty()) request.headers.emplace_back("Origin", test.origin);
    EXPECT_EQ(guard(request).ok(), test.allowed) << test.host << " " << test.origin;
  }
}

}  // namespace
}  // namespace redline::net
