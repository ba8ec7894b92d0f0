#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "net/http_client.h"

namespace redline::net {
namespace {

Status Bad(std::string_view text, std::string_view why) {
  return InvalidArgument(
      fmt::format("\"{}\" is not a URL: {}", EscapeControl(text.substr(0, 200)), why), "url");
}

bool HasForbiddenBytes(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte <= 0x20 || byte == 0x7F;
  });
}

Result<Url> ParseUnixUrl(std::string_view text) {
  Url url;
  url.scheme = "unix";
  std::string_view rest = text.substr(5);
  const size_t split = rest.find(":/");
  url.host = rest.substr(0, split);
  if (split != rest.npos) url.target = rest.substr(split + 1);
  if (!url.host.starts_with('/')) return Bad(text, "unix: needs an absolute socket path");
  return url;
}

// "host", "host:port", "[v6]:port".
Status ParseAuthority(std::string_view text, std::string_view authority, Url& url) {
  if (authority.find('@') != authority.npos)
    return Bad(text, "user names in URLs are not supported");
  const size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == authority.npos) return Bad(text, "unclosed '['");
  const size_t colon = authority.find(':', bracket);
  url.host = authority.substr(0, colon);
  if (bracket > 0) url.host = authority.substr(1, bracket - 1);
  if (url.host.empty()) return Bad(text, "the host is missing");
  if (bracket > 0 && colon == authority.npos && bracket + 1 != authority.size())
    return Bad(text, "unexpected text behind ']'");
  if (colon == authority.npos) return OkStatus();
  const auto port = ParseInt64(authority.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return Bad(text, "the port must be 1 to 65535");
  url.port = static_cast<int>(*port);
  return OkStatus();
}

}  // namespace

Result<Url> ParseUrl(std::string_view text) {
  if (HasForbiddenBytes(text)) return Bad(text, "it holds spaces or control characters");
  if (text.starts_with("unix:")) return ParseUnixUrl(text);
  const size_t scheme = text.find("://");
  if (scheme == text.npos) return Bad(text, "expected http://, https:// or unix:");
  Url url;
  url.scheme = ToLower(text.substr(0, scheme));
  if (url.scheme != "http" && url.scheme != "https")
    return Bad(text, "expected http://, https:// or unix:");
  url.port = url.scheme == "https" ? 443 : 80;
  std::string_view rest = text.substr(scheme + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t end = rest.find_first_of("/?");
  RL_RETURN_IF_ERROR(ParseAuthority(text, rest.substr(0, end), url));
  if (end != rest.npos) url.target = rest.substr(end);
  if (url.target.starts_with('?')) url.target.insert(0, "/");
  return url;
}

}  // namespace redline::net
