#include "net/http.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/json_body.h"

namespace redline::net {
namespace {

char Lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                              : character;
}

}  // namespace

bool EqualHeaderName(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return Lower(a) == Lower(b); });
}

std::string_view FindHeader(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (EqualHeaderName(key, name)) return value;
  }
  return {};
}

HttpResponse TextResponse(int status, std::string body, std::string_view content_type) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", content_type);
  response.body = std::move(body);
  return response;
}

std::string ErrorBody(const Status& status, std::string_view code) {
  const CodeInfo& info = InfoOf(status.code());
  return fmt::format(R"({{"error":{{"message":{},"type":"{}","param":{},"code":{}}}}})",
                     JsonString(status.message()), info.openai_type,
                     status.param().empty() ? "null" : JsonString(status.param()),
                     JsonString(code.empty() ? info.openai_code : code));
}

HttpResponse ErrorResponse(const Status& status, std::string_view code) {
  HttpResponse response =
      TextResponse(InfoOf(status.code()).http_status, ErrorBody(status, code), "application/json");
  // As every 401 must (RFC 9110, 15.5.2).
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace redline::net
