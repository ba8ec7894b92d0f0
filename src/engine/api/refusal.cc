#include "engine/api/refusal.h"

#include <fmt/format.h>

#include <string>

#include "base/strings.h"
#include "net/json_body.h"
#include "openai/error.h"

namespace redline::engine {
namespace {

constexpr int kRetryAfterSeconds = 1;
constexpr std::string_view kContentType = "Content-Type";

}  // namespace

net::HttpResponse RefusalOf(const Status& status) {
  if (status.code() == Code::kUnavailable) {
    return openai::EngineUnavailableError(status.message(), kRetryAfterSeconds);
  }
  net::HttpResponse response = net::ErrorResponse(status);
  if (status.code() == Code::kResourceExhausted) {
    response.headers.emplace_back("Retry-After", std::to_string(kRetryAfterSeconds));
  }
  return response;
}

net::HttpResponse RefusalOfStructure(const Status& status) {
  if (status.code() != Code::kResourceExhausted) return RefusalOf(status);
  return net::ErrorResponse(
      InvalidArgument(status.param() + " is too complex: " + status.message(), status.param()),
      openai::kSchemaTooComplex);
}

bool IsJsonBody(const net::HttpRequest& request) {
  const std::string_view type = net::FindHeader(request.headers, kContentType);
  const std::string media_type = ToLower(Trim(type.substr(0, type.find(';'))));
  return media_type.empty() || media_type == "application/json" || media_type.ends_with("+json");
}

net::HttpResponse RefusalOfMediaType(const net::HttpRequest& request) {
  const std::string_view type = net::FindHeader(request.headers, kContentType);
  net::HttpResponse response = net::ErrorResponse(
      InvalidArgument(fmt::format("the Content-Type must be application/json, got {}",
                                  net::JsonString(type.substr(0, 64)))),
      openai::kUnsupportedMediaType);
  response.status = 415;
  return response;
}

}  // namespace redline::engine
