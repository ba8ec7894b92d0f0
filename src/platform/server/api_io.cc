#include "platform/server/api_io.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace redline::platform {

void Call::Send(int status, const nlohmann::json& body) const {
  writer->Send(JsonResponse(status, spec::DumpJson(body)));
}

void Call::Fail(const Status& status) const { writer->Send(ApiErrorResponse(status)); }

net::HttpResponse JsonResponse(int status, std::string body) {
  net::HttpResponse response = net::TextResponse(status, std::move(body), "application/json");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

net::HttpResponse ApiErrorResponse(const Status& status) {
  net::HttpResponse response = net::ErrorResponse(status);
  // The only resource that runs out here is the disk: not the client's fault, and worth a retry.
  if (status.code() == Code::kResourceExhausted) {
    const Status full = Unavailable(status.message());
    response = net::ErrorResponse(full, "storage_full");
  }
  if (response.status == 503) response.headers.emplace_back("Retry-After", "5");
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

Result<int64_t> QueryInt(const net::HttpRequest& request, const char* name, int64_t otherwise,
                         int64_t least, int64_t most) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return otherwise;
  const auto value = ParseInt64(found->second);
  if (value && *value >= least && *value <= most) return *value;
  return InvalidArgument(fmt::format("{} must be a whole number from {} to {}, not \"{}\"", name,
                                     least, most, EscapeControl(found->second.substr(0, 40))),
                         name);
}

}  // namespace redline::platform
