#include "lab/bench/target_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/strings.h"
#include "net/json_body.h"

namespace redline::lab {
namespace {

using Json = nlohmann::json;

constexpr int64_t kVocabSizes[] = {32'000, 8'192, 1'024, 512, 256};
constexpr double kMostAnswerSeconds = 600;  // a busy server may take long for the first token
constexpr int kAttempts = 4;
constexpr auto kPause = std::chrono::milliseconds(200);
constexpr net::JsonLimits kJsonLimits = {
    .max_bytes = 4 << 20, .max_depth = 64, .max_values = 1 << 18};
constexpr size_t kMostNames = 20;

std::string WithoutVersion(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with("/v1")) url.resize(url.size() - 3);
  return url;
}

std::string UrlOf(const std::string& base, const std::string& path) {
  return base.starts_with("unix:") ? base + ":" + path : base + path;
}

// null for what is no JSON, or too much of it.
Json Parse(const std::string& text) {
  Result<Json> parsed = net::ParseJson(text, kJsonLimits);
  return parsed.ok() ? std::move(*parsed) : Json();
}

// {"a": {"b": 3}}, "/a/b" -> 3.
std::optional<int64_t> IntegerAt(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!json.is_object() || !json.contains(at) || !json.at(at).is_number_integer())
    return std::nullopt;
  const Json& value = json.at(at);
  if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX})
    return std::nullopt;
  return value.get<int64_t>();
}

std::string MessageOf(const std::string& body) {
  const Json json = Parse(body);
  const Json::json_pointer at("/error/message");
  const bool is_told = json.is_object() && json.contains(at) && json.at(at).is_string();
  return Excerpt(is_told ? json.at(at).get<std::string>() : body, 300);
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

bool SaysVirtual(const std::string& body, const std::string& name) {
  const Json json = Parse(body);
  const Json none = Json::array();
  const bool has_list = json.is_object() && json.contains("data") && json["data"].is_array();
  for (const Json& model : has_list ? json["data"] : none) {
    if (model.is_object() && model.contains("id") && model["id"] == name)
      return model.contains("virtual") && model["virtual"] == true;
  }
  return false;
}

std::string ServedText(std::vector<std::string> names) {
  if (names.empty()) return "none";
  const size_t more = names.size() - std::min(names.size(), kMostNames);
  names.resize(names.size() - more);
  for (std::string& name : names) name = Excerpt(name);
  return Join(names, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
}

bool MayPass(const Result<TargetServer::Reply>& reply) {
  if (!reply.ok()) return reply.status().code() == Code::kUnavailable;
  return reply->status == 429 || reply->status >= 500;
}

// An answer as it comes in; shared with the client's thread.
struct Pending {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_done = false;
  bool is_too_long = false;
  Status status;
  TargetServer::Reply reply;
};

net::ExchangeCallbacks CallbacksOf(const std::shared_ptr<Pending>& pending) {
  net::ExchangeCallbacks callbacks;
  callbacks.on_head = [pending](int status, const net::Headers&) {
    const std::lock_guard lock(pending->mutex);
    pending->reply.status = status;
  };
  callbacks.on_body = [pending](std::string_view bytes) {
    const std::lock_guard lock(pending->mutex);
    std::string& body = pending->reply.body;
    pending->is_too_long |= body.size() + bytes.size() > kJsonLimits.max_bytes;
    if (pending->is_too_long)
      pending->changed.notify_one();
    else
      body.append(bytes);
  };
  callbacks.on_done = [pending](const Status& status) {
    const std::lock_guard lock(pending->mutex);
    pending->status = status;
    pending->is_done = true;
    pending->changed.notify_one();
  };
  return callbacks;
}

}  // namespace

TargetServer::TargetServer(std::string url, net::Headers headers, double answer_seconds,
                           const std::atomic<bool>* stop)
    : url_(WithoutVersion(std::move(url))),
      headers_(std::move(headers)),
      answer_seconds_(std::min(answer_seconds, kMostAnswerSeconds)),
      stop_(stop) {}

Result<TargetServer::Reply> TargetServer::Ask(const std::string& method, const std::string& path,
                                              const std::string& body) {
  Result<Reply> reply = AskOnce(method, path, body);
  for (int attempt = 1; attempt < kAttempts && MayPass(reply); ++attempt) {
    std::this_thread::sleep_for(kPause);
    reply = AskOnce(method, path, body);
  }
  return reply;
}

Result<TargetServer::Reply> TargetServer::AskOnce(const std::string& method,
                                                  const std::string& path,
                                                  const std::string& body) {
  net::ClientRequest request{.method = method,
                             .url = UrlOf(url_, path),
                             .headers = headers_,
                             .body = body,
                             .idle_timeout_seconds = 2 * kMostAnswerSeconds};  // ours ends first
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  const auto pending = std::make_shared<Pending>();
  const auto exchange = client_.Start(std::move(request), CallbacksOf(pending));
  const MonotonicTime start = MonotonicNow();
  std::unique_lock lock(pending->mutex);
  while (!pending->is_done && !pending->is_too_long) {
    const bool is_stopped = stop_ != nullptr && *stop_;
    if (is_stopped || SecondsSince(start) >= answer_seconds_) {
      lock.unlock();
      exchange->Cancel();
      if (is_stopped) return Status(Code::kCancelled, "stopped while asking the server");
      return Status(Code::kDeadlineExceeded,
                    fmt::format("{} {} was not answered within {} s; see --timeout", method, path,
                                answer_seconds_));
    }
    pending->changed.wait_for(lock, kPause);
  }
  if (!pending->is_too_long) {
    if (!pending->status.ok()) return pending->status;
    return std::move(pending->reply);
  }
  lock.unlock();
  exchange->Cancel();
  return FailedPrecondition(fmt::format("the answer to {} {} is longer than {} bytes", method, path,
                                        kJsonLimits.max_bytes));
}

Result<std::string> TargetServer::ResolveModel(const std::string& wanted) {
  RL_ASSIGN_OR_RETURN(const Reply reply, Ask("GET", "/v1/models", ""));
  if (reply.status == 404 && !wanted.empty()) return wanted;  // it may have no list
  if (reply.status != 200) return RefusalOf("GET /v1/models", reply.status, reply.body);
  const std::vector<std::string> names = ModelNames(reply.body);
  const std::string& model = wanted.empty() && names.size() == 1 ? names[0] : wanted;
  if (std::find(names.begin(), names.end(), model) != names.end()) {
    is_virtual_ = SaysVirtual(reply.body, model);
    return model;
  }
  const std::string served = ServedText(names);
  if (names.empty() && wanted.empty())
    return FailedPrecondition(
        "the server lists no model; deploy one first (on a Redline that runs here: redline deploy "
        "MODEL)");
  if (wanted.empty())
    return InvalidArgument(
        "the server has several models; give one with --model (served: " + served + ")", "model");
  return NotFound(
      fmt::format("the server has no model \"{}\" (served: {})", Excerpt(wanted), served), "model");
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
  const auto told = IntegerAt(Parse(ServerInfo()), "/model/vocab_size");
  if (told && *told > 0) return *told;
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
