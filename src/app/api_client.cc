#include "app/api_client.h"

#include <fmt/format.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "net/sse.h"
#include "platform/layout.h"

namespace redline::app {
namespace {

using nlohmann::json;

std::string FlagOrEnvironment(const Arguments& arguments, const std::string& flag,
                              const char* variable) {
  if (arguments.Has(flag)) return arguments.Get(flag);
  const char* value = std::getenv(variable);
  return value ? value : "";
}

// The URL in up.json, when the process that wrote it lives.
Result<std::string> UrlOfRunningServer(const platform::DataLayout& layout,
                                       std::string_view otherwise) {
  const Status absent =
      Unavailable("no Redline is running in " + layout.root.string() +
                  "; start one with: redline up (or " + std::string(otherwise) + ")");
  auto text = ReadFile(layout.up_state(), 1 << 16);
  if (!text.ok()) return absent;
  const json state = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!state.is_object() || !state.contains("url") || !state["url"].is_string()) return absent;
  if (!ProcessAlive(state.value("pid", 0), state.value("start_time", uint64_t{0}))) return absent;
  return state["url"].get<std::string>();
}

Status StatusOfResponse(const net::HttpResponse& response, const std::string& url) {
  const json body = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  std::string message;
  std::string param;
  Code code = Code::kInternal;
  if (body.is_object() && body.contains("error") && body["error"].is_object()) {
    const json& error = body["error"];
    if (error.contains("message") && error["message"].is_string()) message = error["message"];
    if (error.contains("param") && error["param"].is_string()) param = error["param"];
    if (error.contains("code") && error["code"].is_string())
      code = CodeFromName(error["code"].get<std::string>());
  }
  // A code of OpenAI's own says less than the status.
  for (int index = 1; code == Code::kInternal && index < static_cast<int>(Code::kInternal);
       ++index) {
    if (InfoOf(static_cast<Code>(index)).http_status == response.status) {
      code = static_cast<Code>(index);
    }
  }
  if (message.empty()) message = fmt::format("{} answered HTTP status {}", url, response.status);
  if (code == Code::kUnauthenticated)
    message +=
        "; the key is in the data directory's admin.key: pass it with --api-key or REDLINE_API_KEY";
  return Status(code, message, param);
}

// Nothing answered: where it was looked for, and what can be done.
Status NotReached(const Status& status, const std::string& url) {
  if (status.code() != Code::kUnavailable) return status;
  return Unavailable(
      fmt::format("{}: is Redline running at {}? Start it with: redline up; or name another server "
                  "with --server or REDLINE_SERVER",
                  status.message(), url));
}

}  // namespace

std::vector<Flag> ServerFlags() {
  return {{"server", "URL", "the server [REDLINE_SERVER, else the one in the data directory]", ""},
          {"api-key", "KEY", "its key [REDLINE_API_KEY, else D/admin.key]", ""},
          {"data-dir", "DIR", "data directory to find the server in", ""}};
}

std::vector<Flag> WithServerFlags(std::vector<Flag> flags) {
  for (Flag& flag : ServerFlags()) flags.push_back(std::move(flag));
  return flags;
}

Result<ApiClient> ApiClient::Connect(const Arguments& arguments, std::string_view otherwise) {
  std::string url = FlagOrEnvironment(arguments, "server", "REDLINE_SERVER");
  std::string key = FlagOrEnvironment(arguments, "api-key", "REDLINE_API_KEY");
  const platform::DataLayout layout{arguments.Has("data-dir")
                                        ? std::filesystem::path(arguments.Get("data-dir"))
                                        : platform::DefaultDataDir()};
  if (url.empty()) {
    RL_ASSIGN_OR_RETURN(url, UrlOfRunningServer(layout, otherwise));
  }
  if (key.empty()) {
    const auto from_file = ReadFile(layout.admin_key(), 4096);
    if (from_file.ok()) key = std::string(Trim(*from_file));
  }
  while (!url.empty() && url.back() == '/') url.pop_back();
  if (const Status status = net::ParseUrl(url).status(); !status.ok()) {
    return InvalidArgument(
        fmt::format("--server (or REDLINE_SERVER): {}, such as http://127.0.0.1:8080",
                    status.message()),
        "server");
  }
  return ApiClient(std::move(url), std::move(key));
}

net::ClientRequest ApiClient::MakeRequest(const std::string& method, const std::string& path,
                                          const json* body) const {
  net::ClientRequest request;
  request.method = method;
  request.url = url_ + path;
  if (!api_key_.empty()) request.headers.emplace_back("Authorization", "Bearer " + api_key_);
  if (body != nullptr) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = body->dump();
  }
  return request;
}

Result<net::HttpResponse> ApiClient::Fetch(const net::ClientRequest& request) {
  Result<net::HttpResponse> response = client_->Fetch(request);
  if (!response.ok()) return NotReached(response.status(), url_);
  return response;
}

Result<json> ApiClient::Get(const std::string& path) {
  RL_ASSIGN_OR_RETURN(const auto response, Fetch(MakeRequest("GET", path, nullptr)));
  if (response.status >= 400) return StatusOfResponse(response, url_);
  json body = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (body.is_discarded()) return Internal(url_ + path + " did not answer with JSON");
  return body;
}

Result<json> ApiClient::Send(const std::string& method, const std::string& path, const json& body) {
  const auto request = MakeRequest(method, path, body.is_null() ? nullptr : &body);
  RL_ASSIGN_OR_RETURN(const auto response, Fetch(request));
  if (response.status >= 400) return StatusOfResponse(response, url_);
  json answer = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  return answer.is_discarded() ? json::object() : answer;
}

Status ApiClient::Stream(const std::string& path, const json& body,
                         const std::function<bool(std::string_view data)>& on_event) {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  Status outcome;
  net::HttpResponse refusal;  // collected when the status says so
  refusal.status = 0;         // nothing answered yet
  net::SseReader reader([&](const net::ServerSentEvent& event) { return on_event(event.data); });
  Status malformed;
  std::shared_ptr<net::Exchange> exchange;
  net::ExchangeCallbacks callbacks;
  callbacks.on_head = [&](int status, const net::Headers&) { refusal.status = status; };
  callbacks.on_body = [&](std::string_view bytes) {
    if (refusal.status >= 400) {
      refusal.body.append(bytes);
      return;
    }
    if (malformed.ok()) malformed = reader.Feed(bytes);
  };
  callbacks.on_done = [&](const Status& status) {
    std::lock_guard lock(mutex);
    outcome = status;
    done = true;
    changed.notify_one();
  };
  exchange = client_->Start(MakeRequest("POST", path, &body), std::move(callbacks));
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done; });
  if (refusal.status >= 400) return StatusOfResponse(refusal, url_);
  if (!outcome.ok()) return refusal.status == 0 ? NotReached(outcome, url_) : outcome;
  return malformed;
}

std::string PathSegment(std::string_view text) {
  std::string out;
  for (const char character : text) {
    const bool plain = (character >= 'a' && character <= 'z') ||
                       (character >= 'A' && character <= 'Z') ||
                       (character >= '0' && character <= '9') || character == '-' ||
                       character == '_' || character == '.' || character == '~';
    if (plain) {
      out += character;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(character));
    }
  }
  return out;
}

}  // namespace redline::app
