// Request targets. Whatever spelling arrives ("//v1", "/v1/../x", "%2e", "http://host/path"), one
// decoded and normalised path comes out, and routing and authorisation see nothing else.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::net {

struct RequestTarget {
  std::string path;       // decoded, no empty, "." or ".." segment; a trailing slash is kept
  std::string authority;  // of an absolute-form target, else ""
  std::string raw_query;  // behind '?', as sent
  std::map<std::string, std::string> query;  // decoded; of repeated names the first counts
};

// kInvalidArgument: bad percent escapes, NUL and other control characters, paths above the root,
// invalid UTF-8, targets that are neither a path nor an http URL.
Result<RequestTarget> ParseTarget(std::string_view target);

// Percent-decoding; with `plus_is_space` as in forms.
Result<std::string> PercentDecode(std::string_view text, bool plus_is_space = false);
// Escapes everything but unreserved characters and '/'.
std::string PercentEncodePath(std::string_view path);

}  // namespace redline::net
