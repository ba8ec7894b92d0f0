#include "platform/server/console.h"

#include <algorithm>
#include <array>

#include "base/status.h"
#include "base/strings.h"

namespace redline::platform {
namespace {

constexpr std::string_view kPage = "index.html";
// Files below have the hash of their content in their name.
constexpr std::string_view kHashedFolder = "assets/";

constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'";

std::string_view ContentTypeOf(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kTypes = {{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".wasm", "application/wasm"},
  }};
  for (const auto& [extension, type] : kTypes) {
    if (path.ends_with(extension)) return type;
  }
  return "application/octet-stream";
}

bool IsReserved(std::string_view asked) {
  const std::string path = ToLower(asked);
  for (const std::string_view prefix : {"/api", "/internal", "/v1"}) {
    if (path == prefix || (path.starts_with(prefix) && path[prefix.size()] == '/')) return true;
  }
  return false;
}

// The console's own pages ("console/src/app/router.tsx"), all of which are one file.
bool IsPage(std::string_view name) {
  const std::string_view first = name.substr(0, name.find('/'));
  constexpr std::array<std::string_view, 6> kPages = {"library", "plan",        "lab",
                                                      "tuning",  "deployments", "chat"};
  return first.empty() || std::find(kPages.begin(), kPages.end(), first) != kPages.end();
}

net::HttpResponse NoSuchPath(const net::HttpRequest& request) {
  return net::ErrorResponse(
      NotFound("nothing answers " + request.method + " " + request.path.substr(0, 256)));
}

net::HttpResponse NoConsole() {
  return net::TextResponse(404,
                           "This build has no web console; configure it with "
                           "-DREDLINE_CONSOLE=ON. The API is at /api/v1/openapi.json.\n",
                           "text/plain; charset=utf-8");
}

}  // namespace

Console::Console(std::span<const EmbeddedFile> files) {
  for (const EmbeddedFile& file : files)
    files_.emplace(file.path, File{file.data, "\"" + Sha256Hex(file.data).substr(0, 32) + "\""});
}

net::HttpResponse Console::Answer(const net::HttpRequest& request) const {
  const std::string_view path = request.path;
  if (IsReserved(path)) return NoSuchPath(request);
  std::string_view name = path.substr(std::min<size_t>(1, path.size()));
  auto found = files_.find(name);
  if (found == files_.end()) {
    if (!IsPage(name)) return NoSuchPath(request);
    name = kPage;
    found = files_.find(name);
  }
  if (found == files_.end()) return NoConsole();
  const File& file = found->second;
  const bool hashed = name.starts_with(kHashedFolder);
  net::HttpResponse response;
  response.headers = {
      {"Content-Type", std::string(ContentTypeOf(name))},
      {"ETag", file.etag},
      {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Content-Security-Policy", std::string(kContentSecurityPolicy)},
  };
  if (net::FindHeader(request.headers, "If-None-Match") == file.etag) {
    response.status = 304;
  } else {
    response.body = std::string(file.data);
  }
  return response;
}

}  // namespace redline::platform
