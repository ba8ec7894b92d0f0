#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/api_client.h"
#include "app/commands.h"

namespace redline::app {
namespace {

using nlohmann::json;

// Terminal escapes in a model's answer would be obeyed by the terminal: they are dropped.
std::string Printable(std::string_view text) {
  std::string out;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 || character == '\n' || character == '\t') out += character;
  }
  return out;
}

// The text of one streamed chunk; kInternal when the stream carries an error object.
Result<std::string> DeltaOf(std::string_view data) {
  const json chunk = json::parse(data, nullptr, /*allow_exceptions=*/false);
  if (!chunk.is_object()) return Internal("the server sent a chunk that is not JSON");
  if (chunk.contains("error") && chunk["error"].is_object())
    return Unavailable(chunk["error"].value("message", "the stream ended with an error"));
  const json choices = chunk.value("choices", json::array());
  if (choices.empty()) return std::string();
  const json delta = choices[0].value("delta", json::object());
  if (!delta.contains("content") || !delta["content"].is_string()) return std::string();
  return delta["content"].get<std::string>();
}

struct ChatSettings {
  std::string model;
  double temperature = 0;
  int64_t max_tokens = 0;
};

Result<ChatSettings> SettingsOf(const Arguments& arguments) {
  ChatSettings settings;
  settings.model = arguments.Get("MODEL");
  RL_ASSIGN_OR_RETURN(settings.temperature, arguments.GetDouble("temperature", 0, 2));
  RL_ASSIGN_OR_RETURN(settings.max_tokens, arguments.GetInt("max-tokens", 1, 1 << 20));
  return settings;
}

// Sends the conversation, prints the answer as it comes and adds it to `messages`.
Status Answer(ApiClient& api, const ChatSettings& settings, json& messages) {
  const json body = {{"model", settings.model},
                     {"messages", messages},
                     {"temperature", settings.temperature},
                     {"max_tokens", settings.max_tokens},
                     {"stream", true}};
  std::string answer;
  Status failure;
  const Status sent = api.Stream("/v1/chat/completions", body, [&](std::string_view data) {
    if (data == "[DONE]" || !failure.ok()) return true;
    auto delta = DeltaOf(data);
    if (!delta.ok()) {
      failure = delta.status();
      return true;
    }
    const std::string text = Printable(*delta);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    answer += *delta;
    return true;
  });
  if (failure.ok()) failure = sent;
  if (failure.ok() || !answer.empty()) fmt::print("\n");
  RL_RETURN_IF_ERROR(failure);
  messages.push_back({{"role", "assistant"}, {"content", answer}});
  return OkStatus();
}

// What cannot be asked is not known to be; the chat itself says what is wrong.
bool IsVirtual(ApiClient& api, const std::string& model) {
  const auto card = api.Get("/v1/models/" + PathSegment(model));
  return card.ok() && card->is_object() && card->value("virtual", false);
}

Status Converse(ApiClient& api, const ChatSettings& settings, json& messages) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (terminal)
    fmt::print(stderr, "Chatting with {}. An empty line or Ctrl-D ends.\n", settings.model);
  std::string line;
  while (true) {
    if (terminal) fmt::print(stderr, "> ");
    if (!std::getline(std::cin, line) || line.empty()) return OkStatus();
    messages.push_back({{"role", "user"}, {"content", line}});
    RL_RETURN_IF_ERROR(Answer(api, settings, messages));
  }
}

Status RunChat(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const ChatSettings settings, SettingsOf(arguments));
  RL_ASSIGN_OR_RETURN(ApiClient api, ApiClient::Connect(arguments));
  if (IsVirtual(api, settings.model))
    fmt::print(stderr, "{} is virtual: its words are canned, only their timing is computed\n",
               settings.model);
  json messages = json::array();
  if (arguments.Has("system"))
    messages.push_back({{"role", "system"}, {"content", arguments.Get("system")}});
  if (!arguments.Has("MESSAGE")) return Converse(api, settings, messages);
  messages.push_back({{"role", "user"}, {"content", arguments.Get("MESSAGE")}});
  return Answer(api, settings, messages);
}

}  // namespace

Command ChatCommand() {
  return {.name = "chat",
          .summary = "talk to a deployed model",
          .description = "Sends a message, or holds a conversation when none is given.",
          .example =
              "redline chat smollm2-135m-instruct "
              "\"What is the capital of France? Answer in one word.\"",
          .flags = WithServerFlags({{"system", "TEXT", "system prompt", ""},
                                    {"temperature", "T", "0 to 2; 0 is greedy", "0"},
                                    {"max-tokens", "N", "longest answer", "512"}}),
          .positionals = {{"MODEL", "a deployment"},
                          {"MESSAGE", "what to say [asked on the terminal]", false}},
          .run = RunChat};
}

}  // namespace redline::app
