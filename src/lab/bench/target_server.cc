#include "lab/bench/target_server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace redline::lab {
namespace {

using Json = nlohmann::json;

constexpr int64_t kVocabSizes[] = {32'000, 8'192, 1'024, 512, 256};
constexpr double kAnswerSeconds = 600;  // a busy server may take long for the first token

std::string WithoutVersion(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with("/v1")) url.resize(url.size() - 3);
  return url;
}

std::string UrlOf(const std::string& base, const std::string& path) {
  return base.starts_with("unix:") ? base + ":" + path : base + path;
}

Json Parse(const std::string& text) {
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

// {"a": {"b": 3}}, "/a/b" -> 3.
std::optional<int64_t> IntegerAt(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!json.is_object() || !json.contains(at) || !json.at(at).is_number_integer())
    return std::nullopt;
  return json.at(at).get<int64_t>();
}

std::string MessageOf(const std::string& body) {
  const Json json = Parse(body);
  const Json::json_pointer at("/error/message");
  if (json.is_object() && json.contains(at) && json.at(at).is_string()) return json.at(at);
  return body.substr(0, 200);
}

Status RefusalOf(std::string_view what, int status, const std::string& body) {
  const std::string message =
      fmt::format("{} was answered with {}: {}", what, status, MessageOf(body));
  if (status == 401 || status == 403)
    return Status(Code::kUnauthenticated, message + "; give the key with --api-key");
  return status >= 500 ? Unavailable(message) : FailedPrecondition(message);
}

const char* PathOf(Api api) {
  switch (api) {
    case Api::kChat:
      return "/v1/chat/completions";
    case Api::kCompletions:
      return "/v1/completions";
    case Api::kGenerate:
      return "/generate";
  }
  return "";
}

// A request for one token, with `prompt` as ids or text.
Json BodyOf(const std::string& model, Api api, Json prompt) {
  if (api == Api::kGenerate) {
    const char* field = prompt.is_string() ? "text" : "input_ids";
    return {{field, std::move(prompt)}, {"sampling_params", {{"max_new_tokens", 1}}}};
  }
  Json body = {{"model", model}, {"max_tokens", 1}, {"temperature", 0}};
  if (api == Api::kChat)
    body["messages"] = Json::array({{{"role", "user"}, {"content", std::move(prompt)}}});
  else
    body["prompt"] = std::move(prompt);
  return body;
}

std::optional<int64_t> PromptTokensOf(const std::string& body) {
  const Json json = Parse(body);
  if (const auto count = IntegerAt(json, "/usage/prompt_tokens")) return count;
  return IntegerAt(json, "/meta_info/prompt_tokens");
}

std::vector<std::string> ModelNames(const std::string& body) {
  std::vector<std::string> names;
  const Json json = Parse(body);
  if (!json.is_object() || !json.contains("data") || !json["data"].is_array()) return names;
  for (const Json& model : json["data"]) {
    if (model.is_object() && model.contains("id") && model["id"].is_string())
      names.push_back(model["id"]);
  }
  return names;
}

}  // namespace

TargetServer::TargetServer(std::string url, net::Headers headers)
    : url_(WithoutVersion(std::move(url))), headers_(std::move(headers)) {}

Result<TargetServer::Reply> TargetServer::Ask(const std::string& method, const std::string& path,
                                              const std::string& body) {
  net::ClientRequest request{.method = method,
                             .url = UrlOf(url_, path),
                             .headers = headers_,
                             .body = body,
                             .idle_timeout_seconds = kAnswerSeconds};
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  Result<net::HttpResponse> response = client_.Fetch(request);
  if (!response.ok()) return response.status();
  return Reply{response->status, std::move(response->body)};
}

Result<std::string> TargetServer::ResolveModel(const std::string& wanted) {
  RL_ASSIGN_OR_RETURN(const Reply reply, Ask("GET", "/v1/models", ""));
  if (reply.status == 404 && !wanted.empty()) return wanted;  // it may have no list
  if (reply.status != 200) return RefusalOf("GET /v1/models", reply.status, reply.body);
  const std::vector<std::string> names = ModelNames(reply.body);
  if (wanted.empty() && names.size() == 1) return names[0];
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
  const std::string served = names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
  if (wanted.empty())
    return InvalidArgument(
        "the server has several models, or none; give one with --model (served: " + served + ")",
        "model");
  return NotFound(fmt::format("the server has no model \"{}\" (served: {})", wanted, served),
                  "model");
}

Result<TargetServer::Reply> TargetServer::Complete(const std::string& model, Api api,
                                                   const std::string& prompt_json) {
  return Ask("POST", PathOf(api), BodyOf(model, api, Json::parse(prompt_json)).dump());
}

Result<bool> TargetServer::TakesTokenIds(const std::string& model) {
  RL_ASSIGN_OR_RETURN(const Reply reply, Complete(model, Api::kCompletions, "[100,101,102]"));
  if (reply.status == 401 || reply.status == 403 || reply.status >= 500)
    return RefusalOf("a completion of three token ids", reply.status, reply.body);
  return reply.status == 200 && PromptTokensOf(reply.body) == 3;
}

Result<int64_t> TargetServer::VocabSize(const std::string& model, Api api) {
  if (const auto size = IntegerAt(Parse(ServerInfo()), "/model/vocab_size")) return *size;
  for (const int64_t size : kVocabSizes) {
    RL_ASSIGN_OR_RETURN(const Reply reply, Complete(model, api, fmt::format("[{}]", size - 1)));
    if (reply.status == 200) return size;
  }
  return FailedPrecondition(
      "the server refuses every token id that was tried; tell the size of its vocabulary with "
      "--vocab-size, or send text with --prompts text");
}

std::string TargetServer::ServerInfo() {
  const Result<Reply> reply = Ask("GET", "/server_info", "");
  return reply.ok() && reply->status == 200 && Parse(reply->body).is_object() ? reply->body : "";
}

Result<int64_t> TargetServer::CountByUsage(const std::string& model, Api api,
                                           const std::string& text) {
  RL_ASSIGN_OR_RETURN(const Reply reply, Complete(model, api, Json(text).dump()));
  if (reply.status != 200) return RefusalOf("a request for one token", reply.status, reply.body);
  const auto count = PromptTokensOf(reply.body);
  if (!count)
    return FailedPrecondition(
        "the server does not tell how many tokens a prompt has (usage.prompt_tokens): prompts "
        "cannot be made to a length");
  return *count;
}

Result<int64_t> TargetServer::CountByTokenize(const std::string& model, Api api,
                                              const std::string& text) {
  Json body = {{"model", model}};
  if (api == Api::kChat)
    body["messages"] = Json::array({{{"role", "user"}, {"content", text}}});
  else
    body["prompt"] = text;
  RL_ASSIGN_OR_RETURN(const Reply reply, Ask("POST", "/tokenize", body.dump()));
  if (reply.status != 200) return RefusalOf("/tokenize", reply.status, reply.body);
  const auto count = IntegerAt(Parse(reply.body), "/count");
  if (!count) return FailedPrecondition("/tokenize answered without a count");
  return *count;
}

Result<workload::TokenCounter> TargetServer::MakeTokenCounter(const std::string& model, Api api) {
  using Count = Result<int64_t> (TargetServer::*)(const std::string&, Api, const std::string&);
  Count count = &TargetServer::CountByTokenize;
  // SGLang's /generate and /tokenize may disagree on a BOS; its usage is its own word.
  if (api == Api::kGenerate || !CountByTokenize(model, api, "a").ok()) {
    count = &TargetServer::CountByUsage;
    RL_RETURN_IF_ERROR(CountByUsage(model, api, "a").status());
  }
  return workload::TokenCounter(
      [this, model, api,
       count](const std::vector<std::string>& texts) -> Result<std::vector<int64_t>> {
        std::vector<int64_t> counts;
        for (const std::string& text : texts) {
          RL_ASSIGN_OR_RETURN(const int64_t tokens, (this->*count)(model, api, text));
          counts.push_back(tokens);
        }
        return counts;
      });
}

}  // namespace redline::lab
