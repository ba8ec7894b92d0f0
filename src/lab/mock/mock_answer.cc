#include "lab/mock/mock_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace redline::lab {
namespace {

// Tokens as answers have them: words, line breaks, letters beyond ASCII, code. JSON-escaped.
constexpr std::string_view kTokens[] = {" the",
                                        " model",
                                        " answers",
                                        ",",
                                        " and",
                                        " each",
                                        " token",
                                        " is",
                                        " an",
                                        " event",
                                        ".",
                                        "\\n",
                                        " caf",
                                        "\xC3\xA9",
                                        " \\\"quoted\\\"",
                                        " \xE4\xBD\xA0\xE5\xA5\xBD"};
constexpr int32_t kNumTokens = std::size(kTokens);

constexpr std::string_view kChatEvent =
    R"({{"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1700000000,)"
    R"("model":"mock","choices":[{{"index":0,"delta":{{"content":"{}"}},"logprobs":null,)"
    R"("finish_reason":null}}]}})";
constexpr std::string_view kCompletionsEvent =
    R"({{"id":"cmpl-mock","object":"text_completion","created":1700000000,"model":"mock",)"
    R"("choices":[{{"index":0,"text":"{}","logprobs":null,"finish_reason":null}}]}})";
constexpr std::string_view kGenerateEvent =
    R"({{"text":"{}","meta_info":{{"id":"mock","finish_reason":null,"prompt_tokens":{},)"
    R"("completion_tokens":{},"cached_tokens":0}}}})";

// One cycle of kTokens as events, contiguous, so that a run of events is one copy.
struct EventCycle {
  std::string bytes;
  std::array<size_t, kNumTokens + 1> offsets{};

  explicit EventCycle(MockRoute route) {
    for (int32_t i = 0; i < kNumTokens; ++i) {
      AppendEvent(TokenEventData(route, kTokens[i], 0, 0), bytes);
      offsets[static_cast<size_t>(i) + 1] = bytes.size();
    }
  }
  void Append(int32_t first, int32_t last, std::string& out) const {
    const size_t begin = offsets[static_cast<size_t>(first)];
    out.append(bytes, begin, offsets[static_cast<size_t>(last)] - begin);
  }
};

const EventCycle& CycleOf(MockRoute route) {
  static const EventCycle chat(MockRoute::kChat);
  static const EventCycle completions(MockRoute::kCompletions);
  return route == MockRoute::kChat ? chat : completions;
}

std::string UsageJson(MockUsage usage) {
  return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                     R"("prompt_tokens_details":{{"cached_tokens":0}}}})",
                     usage.prompt_tokens, usage.completion_tokens,
                     usage.prompt_tokens + usage.completion_tokens);
}

std::string WholeText(int32_t num_tokens) {
  std::string text;
  for (int32_t i = 0; i < num_tokens; ++i) text += kTokens[i % kNumTokens];
  return text;
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    default:
      return "Internal Server Error";
  }
}

}  // namespace

std::string TokenEventData(MockRoute route, std::string_view text, int64_t prompt_tokens,
                           int64_t completion_tokens) {
  if (route == MockRoute::kChat) return fmt::format(kChatEvent, text);
  if (route == MockRoute::kCompletions) return fmt::format(kCompletionsEvent, text);
  return fmt::format(kGenerateEvent, text, prompt_tokens, completion_tokens);
}

void AppendChunk(std::string_view bytes, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{:x}\r\n{}\r\n", bytes.size(), bytes);
}

void AppendEvent(std::string_view data, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{:x}\r\ndata: {}\n\n\r\n", data.size() + 8, data);
}

void AppendStreamHead(std::string& out) {
  out +=
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
}

void AppendTokenEvents(const MockRequest& request, int32_t first, int32_t count, std::string& out) {
  if (request.route == MockRoute::kGenerate) {
    for (int32_t i = first; i < first + count; ++i)
      AppendEvent(
          TokenEventData(request.route, kTokens[i % kNumTokens], request.prompt_tokens, i + 1),
          out);
    return;
  }
  const EventCycle& cycle = CycleOf(request.route);
  while (count > 0) {
    const int32_t begin = first % kNumTokens;
    const int32_t part = std::min(count, kNumTokens - begin);
    cycle.Append(begin, begin + part, out);
    first += part;
    count -= part;
  }
}

void AppendFinishEvents(const MockRequest& request, MockUsage usage, std::string& out) {
  switch (request.route) {
    case MockRoute::kChat:
      AppendEvent(R"({"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1700000000,)"
                  R"("model":"mock","choices":[{"index":0,"delta":{},"logprobs":null,)"
                  R"("finish_reason":"length"}]})",
                  out);
      break;
    case MockRoute::kCompletions:
      AppendEvent(
          R"({"id":"cmpl-mock","object":"text_completion","created":1700000000,"model":"mock",)"
          R"("choices":[{"index":0,"text":"","logprobs":null,"finish_reason":"length"}]})",
          out);
      break;
    default:
      AppendEvent(fmt::format(R"({{"text":"","meta_info":{{"id":"mock","finish_reason":)"
                              R"({{"type":"length"}},"prompt_tokens":{},"completion_tokens":{},)"
                              R"("cached_tokens":0}}}})",
                              usage.prompt_tokens, usage.completion_tokens),
                  out);
      return;
  }
  if (request.include_usage)
    AppendEvent(fmt::format(R"({{"id":"mock","created":1700000000,"model":"mock","choices":[],)"
                            R"("usage":{}}})",
                            UsageJson(usage)),
                out);
}

void AppendDone(std::string& out) { AppendEvent("[DONE]", out); }

void AppendLastChunk(std::string& out) { out += "0\r\n\r\n"; }

void AppendJsonAnswer(int status, std::string_view json, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                 status, ReasonOf(status), json.size(), json);
}

void AppendErrorAnswer(int status, std::string_view message, std::string& out) {
  AppendJsonAnswer(status,
                   fmt::format(R"({{"error":{{"message":"{}","type":"mock","param":null,)"
                               R"("code":{}}}}})",
                               message, status),
                   out);
}

void AppendWholeAnswer(const MockRequest& request, MockUsage usage, std::string& out) {
  const std::string text = WholeText(request.max_tokens);
  switch (request.route) {
    case MockRoute::kChat:
      return AppendJsonAnswer(
          200,
          fmt::format(R"({{"id":"chatcmpl-mock","object":"chat.completion","created":1700000000,)"
                      R"("model":"mock","choices":[{{"index":0,"message":{{"role":"assistant",)"
                      R"("content":"{}"}},"logprobs":null,"finish_reason":"length"}}],)"
                      R"("usage":{}}})",
                      text, UsageJson(usage)),
          out);
    case MockRoute::kCompletions:
      return AppendJsonAnswer(
          200,
          fmt::format(R"({{"id":"cmpl-mock","object":"text_completion","created":1700000000,)"
                      R"("model":"mock","choices":[{{"index":0,"text":"{}","logprobs":null,)"
                      R"("finish_reason":"length"}}],"usage":{}}})",
                      text, UsageJson(usage)),
          out);
    default:
      return AppendJsonAnswer(
          200,
          fmt::format(R"({{"text":"{}","meta_info":{{"id":"mock","finish_reason":)"
                      R"({{"type":"length"}},"prompt_tokens":{},"completion_tokens":{},)"
                      R"("cached_tokens":0}}}})",
                      text, usage.prompt_tokens, usage.completion_tokens),
          out);
  }
}

}  // namespace redline::lab
