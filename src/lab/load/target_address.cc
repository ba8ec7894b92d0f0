#include "lab/load/target_address.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/un.h>

#include <cstring>
#include <memory>

#include "base/strings.h"
#include "net/http_client.h"

namespace redline::lab {
namespace {

// "/", "/v1" and "/v1/" are all the server's root: the API's paths bring their own "/v1".
std::string BasePath(std::string_view target) {
  if (target.ends_with('/')) target.remove_suffix(1);
  if (target.ends_with("/v1")) target.remove_suffix(3);
  return std::string(target);
}

Status ResolveUnix(const std::string& path, TargetAddress& address) {
  auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.size() >= sizeof local->sun_path)
    return InvalidArgument(fmt::format("the socket path {} has {} bytes; the limit is {}", path,
                                       path.size(), sizeof local->sun_path - 1),
                           "url");
  local->sun_family = AF_UNIX;
  std::memcpy(local->sun_path, path.c_str(), path.size() + 1);
  address.size = sizeof(sockaddr_un);
  address.host = "localhost";
  return OkStatus();
}

Status ResolveTcp(const net::Url& url, TargetAddress& address) {
  const addrinfo hints = {.ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  const int error = getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
  if (error != 0)
    return Unavailable(fmt::format("{} has no address ({}): check the host in the URL",
                                   EscapeControl(url.host), gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  const bool is_v6 = url.host.find(':') != url.host.npos;
  address.host = fmt::format("{}{}{}:{}", is_v6 ? "[" : "", url.host, is_v6 ? "]" : "", url.port);
  return OkStatus();
}

}  // namespace

Result<TargetAddress> ResolveTarget(std::string_view text) {
  RL_ASSIGN_OR_RETURN(const net::Url url, net::ParseUrl(text));
  if (url.scheme == "https")
    return Unimplemented(
        "the load generator speaks plain HTTP, not https: measure behind the TLS proxy, or through "
        "a local one",
        "url");
  TargetAddress address;
  address.base_path = BasePath(url.target);
  if (url.scheme == "unix") {
    RL_RETURN_IF_ERROR(ResolveUnix(url.host, address));
  } else {
    RL_RETURN_IF_ERROR(ResolveTcp(url, address));
  }
  return address;
}

}  // namespace redline::lab
