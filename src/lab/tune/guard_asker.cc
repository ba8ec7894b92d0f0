#include "lab/tune/guard_asker.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "lab/tune/guard.h"
#include "net/http_client.h"
#include "net/json_body.h"

namespace redline::lab {
namespace {

using nlohmann::json;

constexpr int kNumLikeliest = 5;

json BodyOf(const std::string& model, std::string_view prompt, bool with_log_probs) {
  json body = {{"model", model},
               {"messages", json::array({{{"role", "user"}, {"content", prompt}}})},
               {"temperature", 0},
               {"max_tokens", kGuardTokens},
               {"seed", 1}};
  if (with_log_probs) {
    body["logprobs"] = true;
    body["top_logprobs"] = kNumLikeliest;
  }
  return body;
}

std::vector<GuardToken> TokensOf(const json& choice) {
  std::vector<GuardToken> tokens;
  const json::json_pointer at("/logprobs/content");
  if (!choice.contains(at) || !choice.at(at).is_array()) return tokens;
  for (const json& each : choice.at(at)) {
    GuardToken token{.text = each.value("token", ""), .logprob = each.value("logprob", 0.0)};
    if (each.contains("top_logprobs") && each["top_logprobs"].is_array()) {
      for (const json& top : each["top_logprobs"])
        token.likeliest[top.value("token", "")] = top.value("logprob", 0.0);
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

Result<GuardAnswer> AnswerOf(const std::string& body) {
  const json answer = json::parse(body, nullptr, false);
  const json::json_pointer at("/choices/0");
  if (!answer.is_object() || !answer.contains(at) || !answer.at(at).is_object())
    return FailedPrecondition("no chat completion: " + Excerpt(body, 200));
  try {
    const json& choice = answer.at(at);
    GuardAnswer guard{.text = {}, .tokens = TokensOf(choice)};
    const json::json_pointer content("/message/content");
    if (choice.contains(content) && choice.at(content).is_string())
      guard.text = choice.at(content).get<std::string>();
    return guard;
  } catch (const json::exception&) {
    return FailedPrecondition("no chat completion: " + Excerpt(body, 200));
  }
}

}  // namespace

Result<std::vector<GuardAnswer>> AskGuardPrompts(const std::string& url, const std::string& model,
                                                 double seconds_each,
                                                 const std::atomic<bool>* stop) {
  net::HttpClient client;
  std::vector<GuardAnswer> answers;
  bool with_log_probs = true;
  const std::string path = (url.starts_with("unix:") ? url + ":" : url) + "/v1/chat/completions";
  const auto prompts = GuardPrompts();
  for (size_t index = 0; index < prompts.size();) {
    if (stop != nullptr && *stop) return Status(Code::kCancelled, "stopped");
    RL_ASSIGN_OR_RETURN(const net::HttpResponse response,
                        client.Fetch({.method = "POST",
                                      .url = path,
                                      .headers = {{"Content-Type", "application/json"}},
                                      .body = BodyOf(model, prompts[index], with_log_probs).dump(),
                                      .idle_timeout_seconds = seconds_each}));
    if (response.status == 400 && with_log_probs && index == 0) {
      with_log_probs = false;
      continue;
    }
    if (response.status != 200) {
      return FailedPrecondition(fmt::format("question {} was answered with {}: {}", index + 1,
                                            response.status, Excerpt(response.body, 200)));
    }
    RL_ASSIGN_OR_RETURN(GuardAnswer answer, AnswerOf(response.body));
    answers.push_back(std::move(answer));
    ++index;
  }
  return answers;
}

}  // namespace redline::lab
