#include "net/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace redline::net {
namespace {

int HexDigit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

bool IsUnreserved(unsigned char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
         (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

// Splits "http://authority" off an absolute-form target.
Result<std::string> TakeAuthority(std::string_view& target) {
  const std::string start = ToLower(target.substr(0, 8));
  size_t scheme = 0;
  if (start.starts_with("http://")) scheme = 7;
  if (start.starts_with("https://")) scheme = 8;
  if (scheme == 0) return InvalidArgument("the request target must be a path that starts with '/'");
  target.remove_prefix(scheme);
  const size_t end = target.find_first_of("/?");
  std::string authority(target.substr(0, end));
  target = end == target.npos ? std::string_view() : target.substr(end);
  if (authority.empty() || authority.find('@') != authority.npos)
    return InvalidArgument("the request target has no valid host");
  return authority;
}

Result<std::string> NormalisePath(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_in_directory = false;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    path = end == path.npos ? std::string_view() : path.substr(end);
    ends_in_directory = segment.empty() || segment == "." || segment == "..";
    if (segment == "..") {
      if (kept.empty()) return InvalidArgument("the path leads above its root");
      kept.pop_back();
    } else if (!ends_in_directory) {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(segment);
  if (ends_in_directory || out.empty()) out += '/';
  return out;
}

Result<std::map<std::string, std::string>> ParseQuery(std::string_view text) {
  std::map<std::string, std::string> query;
  for (const std::string& pair : Split(text, '&')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    RL_ASSIGN_OR_RETURN(auto name, PercentDecode(pair.substr(0, equals), true));
    RL_ASSIGN_OR_RETURN(
        auto value,
        PercentDecode(equals == pair.npos ? std::string() : pair.substr(equals + 1), true));
    query.emplace(std::move(name), std::move(value));
  }
  return query;
}

}  // namespace

Result<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t index = 0; index < text.size(); ++index) {
    char character = text[index];
    if (character == '+' && plus_is_space) character = ' ';
    if (character == '%') {
      const int high = index + 2 < text.size() ? HexDigit(text[index + 1]) : -1;
      const int low = index + 2 < text.size() ? HexDigit(text[index + 2]) : -1;
      if (high < 0 || low < 0) return InvalidArgument("the URL has a broken percent escape");
      character = static_cast<char>(high * 16 + low);
      index += 2;
    }
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7F)
      return InvalidArgument("the URL holds a control character");
    out += character;
  }
  if (!IsValidUtf8(out)) return InvalidArgument("the URL is not valid UTF-8");
  return out;
}

std::string PercentEncodePath(std::string_view path) {
  std::string out;
  for (const char character : path) {
    const auto byte = static_cast<unsigned char>(character);
    if (IsUnreserved(byte) || character == '/')
      out += character;
    else
      out += fmt::format("%{:02X}", byte);
  }
  return out;
}

Result<RequestTarget> ParseTarget(std::string_view target) {
  RequestTarget out;
  if (!target.starts_with('/')) {
    RL_ASSIGN_OR_RETURN(out.authority, TakeAuthority(target));
  }
  target = target.substr(0, target.find('#'));
  const size_t question = target.find('?');
  if (question != target.npos) out.raw_query = target.substr(question + 1);
  std::string_view path = target.substr(0, question);
  if (path.empty()) path = "/";
  RL_ASSIGN_OR_RETURN(const std::string decoded, PercentDecode(path));
  RL_ASSIGN_OR_RETURN(out.path, NormalisePath(decoded));
  RL_ASSIGN_OR_RETURN(out.query, ParseQuery(out.raw_query));
  return out;
}

}  // namespace redline::net
