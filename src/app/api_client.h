// The management API as the command line sees it.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/command.h"
#include "base/status.h"
#include "net/http_client.h"

namespace redline::app {

// --server and --api-key: appended to the flags of every command that talks to a server.
std::vector<Flag> ServerFlags();
std::vector<Flag> WithServerFlags(std::vector<Flag> flags);

// Finds the server: --server or REDLINE_SERVER with --api-key or REDLINE_API_KEY, else the one that
// runs in the default data directory. Blocking; one per command.
class ApiClient {
 public:
  // kUnavailable when no server runs there: says how to start one.
  // `otherwise`: what else may be done, as this command has it.
  static Result<ApiClient> Connect(const Arguments& arguments,
                                   std::string_view otherwise = "name one with --server");

  // `path` as in "/api/v1/deployments". A status of 400 or more becomes a failed Status with the
  // server's own message and param.
  Result<nlohmann::json> Get(const std::string& path);
  Result<nlohmann::json> Send(const std::string& method, const std::string& path,
                              const nlohmann::json& body);
  // Streams the answer of a POST; `on_event` gets the data of each server-sent event and returns
  // false to stop.
  Status Stream(const std::string& path, const nlohmann::json& body,
                const std::function<bool(std::string_view data)>& on_event);

  const std::string& url() const { return url_; }
  const std::string& api_key() const { return api_key_; }

 private:
  ApiClient(std::string url, std::string api_key)
      : url_(std::move(url)), api_key_(std::move(api_key)) {}
  // kUnavailable says what to do when nobody answers.
  Result<net::HttpResponse> Fetch(const net::ClientRequest& request);
  net::ClientRequest MakeRequest(const std::string& method, const std::string& path,
                                 const nlohmann::json* body) const;

  std::string url_;  // without a trailing slash
  std::string api_key_;
  std::unique_ptr<net::HttpClient> client_ = std::make_unique<net::HttpClient>();
};

// One URL path segment, percent-encoded.
std::string PathSegment(std::string_view text);

}  // namespace redline::app
