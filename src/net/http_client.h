// An HTTP/1.1 client on Boost.Beast: plain, TLS and Unix sockets; whole answers or streamed ones;
// connections are kept and reused per origin. Certificates are verified against the system's store.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/http.h"

namespace redline::net {

// "http://127.0.0.1:8080", "https://host", or "unix:/path/to.sock".
struct Url {
  std::string scheme;  // "http", "https", "unix"
  std::string host;    // for "unix": the socket's path
  int port = 0;
  std::string target = "/";  // path and query
};
Result<Url> ParseUrl(std::string_view text);

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // with path; for a Unix socket: "unix:/path/to.sock:/the/path"
  Headers headers;
  std::string body;
  double connect_timeout_seconds = 5;
  double idle_timeout_seconds = 60;      // without a byte from the peer
  size_t max_response_bytes = 64 << 20;  // Fetch only
};

// Callbacks of one exchange, all on the client's I/O thread, in order.
struct ExchangeCallbacks {
  // A connection is there and the request goes out. When the exchange fails before this, the peer
  // has seen nothing of it.
  std::function<void()> on_connected;
  std::function<void(int status, const Headers& headers)> on_head;
  std::function<void(std::string_view bytes)> on_body;  // decoded from chunks, as it arrives
  // Last, always called once. Ok only when the message ended as HTTP says it must; otherwise
  // kUnavailable (refused, reset, ended early) or kDeadlineExceeded.
  std::function<void(const Status&)> on_done;
};

// Handle of a running exchange; destroying it does not cancel.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void Cancel() = 0;                // on_done gets kCancelled
  virtual void SetPaused(bool paused) = 0;  // stops and resumes reading (backpressure)
};

class HttpClient {
 public:
  HttpClient();   // one I/O thread of its own
  ~HttpClient();  // cancels what runs
  std::shared_ptr<Exchange> Start(ClientRequest request, ExchangeCallbacks callbacks);
  // Blocks until done. Any HTTP status is an ok Result.
  Result<HttpResponse> Fetch(const ClientRequest& request);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with exchanges that outlive their client, weakly
};

}  // namespace redline::net
