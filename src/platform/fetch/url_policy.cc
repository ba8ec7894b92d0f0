#include "platform/fetch/url_policy.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstring>

#include "base/strings.h"
#include "net/http_client.h"

namespace redline::platform {
namespace {

enum class Reach { kPublic, kPrivate, kNever };

struct Block {
  uint32_t network;
  int prefix_bits;
  Reach reach;
};

// Special-purpose addresses (RFC 6890 and successors).
constexpr Block kIpv4Blocks[] = {
    {0x00000000, 8, Reach::kNever},     // this network
    {0x0a000000, 8, Reach::kPrivate},   // 10/8
    {0x64400000, 10, Reach::kPrivate},  // 100.64/10, carrier NAT
    {0x7f000000, 8, Reach::kPrivate},   // loopback
    {0xa9fe0000, 16, Reach::kNever},    // link-local: metadata services
    {0xac100000, 12, Reach::kPrivate},  // 172.16/12
    {0xc0000000, 24, Reach::kPrivate},  // protocol assignments
    {0xc0a80000, 16, Reach::kPrivate},  // 192.168/16
    {0xc6120000, 15, Reach::kPrivate},  // benchmarks
    {0xe0000000, 3, Reach::kNever},     // multicast and reserved
};

Reach ReachOfIpv4(uint32_t address) {
  for (const Block& block : kIpv4Blocks) {
    if ((address ^ block.network) >> (32 - block.prefix_bits) == 0) return block.reach;
  }
  return Reach::kPublic;
}

uint32_t Ipv4Inside(const in6_addr& address, size_t at) {
  uint32_t inner = 0;
  std::memcpy(&inner, address.s6_addr + at, sizeof(inner));
  return ntohl(inner);
}

Reach ReachOfIpv6(const in6_addr& address) {
  const uint8_t* bytes = address.s6_addr;
  constexpr uint8_t kNat64[12] = {0, 0x64, 0xff, 0x9b};
  if (IN6_IS_ADDR_V4MAPPED(&address) || std::memcmp(bytes, kNat64, sizeof(kNat64)) == 0)
    return ReachOfIpv4(Ipv4Inside(address, 12));
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return ReachOfIpv4(Ipv4Inside(address, 2));  // 6to4
  if (IN6_IS_ADDR_LOOPBACK(&address) || (bytes[0] & 0xfe) == 0xfc) return Reach::kPrivate;
  if (IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_LINKLOCAL(&address) || bytes[0] == 0xff)
    return Reach::kNever;
  return Reach::kPublic;
}

Reach ReachOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in typed{};
    std::memcpy(&typed, &address, sizeof(typed));
    return ReachOfIpv4(ntohl(typed.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return Reach::kNever;
  sockaddr_in6 typed{};
  std::memcpy(&typed, &address, sizeof(typed));
  return ReachOfIpv6(typed.sin6_addr);
}

// The most restricted of a host's addresses.
Result<Reach> ReachOfHost(std::string host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0)
    return Unavailable(fmt::format("cannot resolve {}: {}", host, ::gai_strerror(code)));
  Reach reach = Reach::kPublic;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
    reach = std::max(reach, ReachOf(*each->ai_addr));
  ::freeaddrinfo(found);
  return reach;
}

Status Refused(std::string_view what) {
  return Status(Code::kPermissionDenied, fmt::format("redirected {}: refused", what));
}

std::string WithoutQuery(const std::string& url) { return url.substr(0, url.find('?')); }

}  // namespace

Result<std::string> ResolveLocation(const std::string& url, std::string_view location) {
  if (location.empty()) return DataLoss("a redirect without a Location");
  const size_t authority = url.find("://");
  if (authority == std::string::npos) return InvalidArgument("no URL: " + url);
  if (location.starts_with("//")) return url.substr(0, authority + 1) + std::string(location);
  const size_t path = url.find('/', authority + 3);
  if (location.starts_with('/')) return url.substr(0, path) + std::string(location);
  // A scheme makes it absolute; which one is CheckRedirect's business.
  const size_t colon = location.find(':');
  if (colon != std::string_view::npos && colon < location.find_first_of("/?#"))
    return std::string(location);
  const std::string base = WithoutQuery(url);
  const size_t last = path == std::string::npos ? base.size() : base.rfind('/');
  return base.substr(0, last) + "/" + std::string(location);
}

bool SameOrigin(const std::string& left, const std::string& right) {
  const auto one = net::ParseUrl(left);
  const auto other = net::ParseUrl(right);
  return one.ok() && other.ok() && one->scheme == other->scheme &&
         ToLower(one->host) == ToLower(other->host) && one->port == other->port;
}

Status CheckRedirect(const std::string& endpoint, const std::string& url) {
  const auto start = net::ParseUrl(endpoint);
  const auto next = net::ParseUrl(url);
  if (!start.ok()) return start.status();
  if (!next.ok() || (next->scheme != "https" && next->scheme != "http"))
    return Refused("to something that is no web address");
  const bool same_host = ToLower(start->host) == ToLower(next->host);
  if (next->scheme == "http" && !(same_host && start->scheme == "http"))
    return Refused("to " + next->host + " without encryption");
  if (same_host) return OkStatus();
  RL_ASSIGN_OR_RETURN(const Reach there, ReachOfHost(next->host));
  if (there == Reach::kPublic) return OkStatus();
  RL_ASSIGN_OR_RETURN(const Reach here, ReachOfHost(start->host));
  if (there == Reach::kPrivate && here == Reach::kPrivate) return OkStatus();
  return Refused("to the local address " + next->host);
}

std::string PercentEncode(std::string_view text, bool keep_slashes) {
  std::string encoded;
  for (const char character : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(character)) != 0 ||
                       std::string_view("-._~").find(character) != std::string_view::npos ||
                       (keep_slashes && character == '/');
    encoded += plain ? std::string(1, character)
                     : fmt::format("%{:02X}", static_cast<unsigned char>(character));
  }
  return encoded;
}

}  // namespace redline::platform
