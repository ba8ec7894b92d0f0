#include "net/origin_guard.h"

#include <algorithm>

#include "base/strings.h"
#include "net/ip_address.h"

namespace redline::net {
namespace {

// "name:8080" -> "name", "[::1]:8080" -> "::1", in lower case.
std::string HostName(std::string_view authority) {
  if (authority.starts_with('[')) return ToLower(authority.substr(1, authority.find(']') - 1));
  std::string name = ToLower(authority.substr(0, authority.find(':')));
  if (name.ends_with('.')) name.pop_back();
  return name;
}

bool IsOwnHost(std::string_view authority, const std::vector<std::string>& allowed) {
  const std::string name = HostName(authority);
  return name == "localhost" || name.ends_with(".localhost") || IsIpAddress(name) ||
         std::find(allowed.begin(), allowed.end(), name) != allowed.end();
}

bool OriginMatches(std::string_view origin, std::string_view host) {
  const size_t scheme = origin.find("://");
  return scheme != origin.npos && ToLower(origin.substr(scheme + 3)) == ToLower(host);
}

}  // namespace

Router::Guard RejectForeignOrigins(std::vector<std::string> allowed_hosts) {
  for (std::string& host : allowed_hosts) host = ToLower(host);
  return [allowed = std::move(allowed_hosts)](const HttpRequest& request) -> Status {
    const std::string_view host = FindHeader(request.headers, "Host");
    if (!host.empty() && !IsOwnHost(host, allowed)) {
      return Status(Code::kPermissionDenied,
                    "the Host header names a host this server does not answer for; use its address "
                    "or add the name to its allowed hosts");
    }
    const std::string_view origin = FindHeader(request.headers, "Origin");
    if (!origin.empty() && !OriginMatches(origin, host))
      return Status(Code::kPermissionDenied, "requests from pages of another origin are refused");
    return OkStatus();
  };
}

}  // namespace redline::net
