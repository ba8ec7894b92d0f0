// A whole HTTP answer that can be given up while it is awaited.
#pragma once

#include <stop_token>

#include "base/status.h"
#include "net/http_client.h"

namespace redline::platform {

// As HttpClient::Fetch; kCancelled as soon as `stop` is requested.
Result<net::HttpResponse> CancellableFetch(net::HttpClient& client,
                                           const net::ClientRequest& request,
                                           const std::stop_token& stop);

// BASE is "http://host:port" or "unix:/path.sock"; `path` starts with '/'.
std::string UrlOf(const std::string& base, std::string_view path);

}  // namespace redline::platform
