// HTTP messages as values. Header names compare without case.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace redline::net {

using Headers = std::vector<std::pair<std::string, std::string>>;
// First value of a header, or "".
std::string_view FindHeader(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method;                      // "GET"
  std::string path;                        // decoded, normalised, starts with '/'
  std::string target;                      // as sent, with the query
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> path_params;  // filled by the router: {name}
  Headers headers;
  std::string body;
};

struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
};

HttpResponse TextResponse(int status, std::string body, std::string_view content_type);
// Error object of OpenAI's API: {"error": {message, type, param, code}}, status from base/status.h.
HttpResponse ErrorResponse(const Status& status);

}  // namespace redline::net
