#include "lab/mock/mock_request.h"

#include <algorithm>

#include "base/strings.h"
#include "lab/json_cursor.h"
#include "net/http.h"

namespace redline::lab {
namespace {

MockRoute RouteOf(std::string_view method, std::string_view path) {
  struct Row {
    std::string_view method;
    std::string_view path;
    MockRoute route;
  };
  static constexpr Row kRows[] = {
      {"POST", "/v1/chat/completions", MockRoute::kChat},
      {"POST", "/v1/completions", MockRoute::kCompletions},
      {"POST", "/generate", MockRoute::kGenerate},
      {"GET", "/v1/models", MockRoute::kModels},
      {"GET", "/health", MockRoute::kHealth},
  };
  for (const Row& row : kRows)
    if (row.method == method && row.path == path) return row.route;
  return MockRoute::kUnknown;
}

int64_t CountWords(std::string_view text) {
  int64_t count = 0;
  bool in_word = false;
  for (const char byte : text) {
    count += byte != ' ' && !in_word;
    in_word = byte != ' ';
  }
  return count;
}

// A prompt: text, ids, or a list of such.
int64_t CountTokens(JsonCursor& cursor) {
  std::string_view text;
  int64_t number = 0;
  int64_t count = 0;
  switch (cursor.Peek()) {
    case '"':
      return cursor.String(text) ? CountWords(text) : 0;
    case '[':
      for (cursor.EnterArray(); cursor.NextElement();) count += CountTokens(cursor);
      return count;
    case '{':  // a part of a message: {"type":"text","text":"..."}
      for (cursor.EnterObject(); cursor.NextKey(text);) {
        if (text == "text" || text == "content") {
          count += CountTokens(cursor);
        } else {
          cursor.Skip();
        }
      }
      return count;
    default:
      return cursor.Integer(number) ? 1 : 0;
  }
}

void ReadMaxTokens(JsonCursor& cursor, MockRequest& request) {
  int64_t tokens = 0;
  if (cursor.Peek() == 'n') {
    cursor.Skip();
  } else if (cursor.Integer(tokens)) {
    request.max_tokens = static_cast<int32_t>(std::clamp<int64_t>(tokens, 0, kMaxMockTokens));
  }
}

// The fields of the body, of "stream_options" and of "sampling_params", whose names do not clash.
void ReadFields(JsonCursor& cursor, MockRequest& request) {
  std::string_view key;
  for (cursor.EnterObject(); cursor.NextKey(key);) {
    if (key == "stream") {
      cursor.Bool(request.stream);
    } else if (key == "include_usage") {
      cursor.Bool(request.include_usage);
    } else if (key == "max_tokens" || key == "max_completion_tokens" || key == "max_new_tokens") {
      ReadMaxTokens(cursor, request);
    } else if (key == "prompt" || key == "messages" || key == "input_ids" || key == "text") {
      request.prompt_tokens =
          static_cast<int32_t>(std::min<int64_t>(CountTokens(cursor), kMaxMockBodyBytes));
    } else if ((key == "stream_options" || key == "sampling_params") && cursor.Peek() == '{') {
      ReadFields(cursor, request);
    } else {
      cursor.Skip();
    }
  }
}

// Header lines of a head. False: not HTTP that this server takes.
bool ReadHeaders(std::string_view lines, MockRequest& request, size_t& content_length) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(std::min(lines.size(), line.size() + 2));
    const size_t colon = line.find(':');
    if (colon == line.npos) return false;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = Trim(line.substr(colon + 1));
    if (net::EqualHeaderName(name, "content-length")) {
      const auto length = ParseInt64(value);
      if (!length || *length < 0) return false;
      content_length = static_cast<size_t>(*length);
    } else if (net::EqualHeaderName(name, "transfer-encoding")) {
      return false;
    } else if (net::EqualHeaderName(name, "connection")) {
      request.keep_alive = !net::EqualHeaderName(value, "close");
    } else if (net::EqualHeaderName(name, "x-request-id")) {
      request.request_id = ParseInt64(value).value_or(-1);
    }
  }
  return true;
}

}  // namespace

MockReadState ReadMockRequest(std::string_view bytes, MockRequest& request, size_t& size) {
  size = 0;
  const size_t head_size = bytes.find("\r\n\r\n");
  if (head_size == bytes.npos)
    return bytes.size() > kMaxMockHeadBytes ? MockReadState::kTooLarge : MockReadState::kIncomplete;
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  const size_t method_end = line.find(' ');
  const size_t path_end = line.find(' ', method_end + 1);
  if (method_end == line.npos || path_end == line.npos) return MockReadState::kBadHttp;
  request = MockRequest{};
  std::string_view path = line.substr(method_end + 1, path_end - method_end - 1);
  path = path.substr(0, path.find('?'));
  request.route = RouteOf(line.substr(0, method_end), path);
  size_t content_length = 0;
  const size_t headers_begin = std::min(head_size, line.size() + 2);
  if (!ReadHeaders(bytes.substr(headers_begin, head_size - headers_begin), request, content_length))
    return MockReadState::kBadHttp;
  if (content_length > kMaxMockBodyBytes) return MockReadState::kTooLarge;
  size = head_size + 4 + content_length;
  if (bytes.size() < size) return MockReadState::kIncomplete;
  if (request.route < MockRoute::kChat) return MockReadState::kComplete;
  JsonCursor cursor(bytes.substr(head_size + 4, content_length));
  ReadFields(cursor, request);
  return cursor.AtEnd() ? MockReadState::kComplete : MockReadState::kBadJson;
}

}  // namespace redline::lab
