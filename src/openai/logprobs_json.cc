#include "openai/logprobs_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "net/json_body.h"

namespace redline::openai {
namespace {

using net::JsonString;

constexpr double kLeastLogprob = -9999.0;

// The shortest text that reads back as the same single precision number, in which it was computed.
std::string Number(double logprob) {
  if (!(logprob > kLeastLogprob)) return "-9999.0";
  std::string text = fmt::format("{}", static_cast<float>(std::min(logprob, 0.0)));
  return text == "-0" ? "0" : text;
}

std::string NumberOrNull(const std::optional<double>& logprob) {
  return logprob ? Number(*logprob) : "null";
}

template <typename Items, typename Write>
std::string List(const Items& items, Write write) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += write(item);
  }
  return out += ']';
}

std::string Bytes(const std::string& bytes) {
  return List(bytes, [](char byte) { return std::to_string(static_cast<unsigned char>(byte)); });
}

// Without the closing brace.
std::string ChatToken(const LoggedToken& token) {
  return fmt::format(R"({{"token":{},"logprob":{},"bytes":{})", JsonString(token.token),
                     NumberOrNull(token.logprob), Bytes(token.bytes));
}

// The chosen token is among them, as in OpenAI's and vLLM's. Of tokens with one text the best.
std::string TopByText(const TokenLogprobs& token) {
  if (!token.chosen.logprob) return "null";
  std::set<std::string_view> seen;
  std::string out = "{";
  const auto add = [&](const LoggedToken& logged) {
    if (!seen.insert(logged.token).second) return;
    if (out.size() > 1) out += ',';
    out += fmt::format("{}:{}", JsonString(logged.token), NumberOrNull(logged.logprob));
  };
  for (const LoggedToken& top : token.top) add(top);
  add(token.chosen);
  return out += '}';
}

std::string PromptTokenJson(const PromptToken& token) {
  return fmt::format(R"("{}":{{"logprob":{},"rank":{},"decoded_token":{}}})", token.id,
                     Number(token.logprob), token.rank > 0 ? std::to_string(token.rank) : "null",
                     JsonString(token.text));
}

std::string PromptPosition(const std::vector<PromptToken>& tokens) {
  if (tokens.empty()) return "null";
  std::set<int32_t> seen;  // the token itself may be one of the best
  std::string out = "{";
  for (const PromptToken& token : tokens) {
    if (!seen.insert(token.id).second) continue;
    if (out.size() > 1) out += ',';
    out += PromptTokenJson(token);
  }
  return out += '}';
}

}  // namespace

std::string ChatLogprobsJson(std::span<const TokenLogprobs> tokens) {
  return fmt::format(
      R"({{"content":{},"refusal":null}})", List(tokens, [](const auto& token) {
        return ChatToken(token.chosen) + ",\"top_logprobs\":" +
               List(token.top, [](const auto& top) { return ChatToken(top) + "}"; }) + "}";
      }));
}

std::string CompletionLogprobsJson(std::span<const TokenLogprobs> tokens) {
  return fmt::format(
      R"({{"tokens":{},"token_logprobs":{},"top_logprobs":{},"text_offset":{}}})",
      List(tokens, [](const auto& token) { return JsonString(token.chosen.token); }),
      List(tokens, [](const auto& token) { return NumberOrNull(token.chosen.logprob); }),
      List(tokens, TopByText),
      List(tokens, [](const auto& token) { return std::to_string(token.text_offset); }));
}

std::string PromptLogprobsJson(const PromptLogprobs& prompt) {
  return List(prompt, PromptPosition);
}

}  // namespace redline::openai
