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
bool EqualHeaderName(std::string_view left, std::string_view right);
// First value of a header, or "".
std::string_view FindHeader(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // decoded, normalised, starts with '/'
  std::string target;  // as sent, with the query
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
// Error object of OpenAI's API: {"error": {message, type, param, code}}; type and HTTP status by
// the table in base/status.h, and so is `code` unless a more telling one is given
// ("context_length_exceeded").
std::string ErrorBody(const Status& status, std::string_view code = {});
HttpResponse ErrorResponse(const Status& status, std::string_view code = {});

}  // namespace redline::net
