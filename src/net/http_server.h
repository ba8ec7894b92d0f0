// An HTTP/1.1 server on Boost.Beast: keep-alive, streaming responses, limits, graceful drain.
//
// Handlers run on an I/O thread and must not block; give slow work to another thread and answer
// from there: a ResponseWriter may be used from any thread. A route that was not added answers 404,
// a known path with another method 405: nothing is reachable that is not in the table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/http.h"

namespace redline::net {

// The answer to one request. Thread-safe. Exactly one of Send, or StartStream .. End. Dropping the
// last reference without an answer sends 500 (or cuts a stream).
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  virtual void Send(HttpResponse response) = 0;
  // Sends the head; the body follows in chunks.
  virtual void StartStream(int status, Headers headers) = 0;
  // Queues bytes. False when the peer has gone or has let more than max_buffered_bytes pile up (the
  // connection is then closed): the producer should stop.
  virtual bool Write(std::string bytes) = 0;
  virtual void End() = 0;
  // Bytes queued and not yet taken by the kernel.
  virtual size_t BufferedBytes() const = 0;
  // Called once, on an I/O thread, when the peer closes before the answer is complete (of its
  // sending side only: see README.md). Set it before returning from the handler.
  virtual void OnPeerClosed(std::function<void()> callback) = 0;
  // Called on an I/O thread whenever the queue of written bytes becomes empty.
  virtual void OnDrained(std::function<void()> callback) = 0;
  // Ends the connection without a proper end of the stream (the peer sees it was cut).
  virtual void Abort() = 0;
};

using Handler = std::function<void(HttpRequest, std::shared_ptr<ResponseWriter>)>;

// Method and path pattern ("/api/v1/deployments/{name}") to handler. A trailing "{name...}" takes
// the rest of the path. Filled before the server starts, then read-only.
class Router {
 public:
  void Add(std::string method, std::string pattern, Handler handler);
  // Runs before every handler, in order; one that returns a failed Status answers with it instead.
  using Guard = std::function<Status(const HttpRequest&)>;
  void AddGuard(Guard guard);
  void Dispatch(HttpRequest request, std::shared_ptr<ResponseWriter> writer) const;

  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    Handler handler;
  };
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<Guard> guards_;
};

// I/O threads that several servers share. Lives longer than they.
class IoThreads {
 public:
  virtual ~IoThreads() = default;  // joins them
};
// At least 1, at most 256.
std::shared_ptr<IoThreads> MakeIoThreads(int num_threads);

struct HttpServerOptions {
  // One of: address and port (0: any free one), a Unix socket path (created 0600, replaced when
  // stale), or a listening descriptor passed down by a supervisor.
  std::string address = "127.0.0.1";
  int port = 0;
  std::filesystem::path unix_path;
  int listen_fd = -1;

  int num_io_threads = 1;
  std::shared_ptr<IoThreads> io_threads;  // shared with other servers; null: threads of its own
  size_t max_header_bytes = 32 << 10;
  size_t max_body_bytes = 64 << 20;     // 413 above
  size_t max_connections = 4096;        // 503 above
  size_t max_buffered_bytes = 4 << 20;  // per connection, unsent output
  double header_timeout_seconds = 10;   // first byte to end of headers, and idle: 408
  double body_timeout_seconds = 60;
  double keep_alive_seconds = 75;
  double write_timeout_seconds = 60;  // no progress while output is pending: closed
};

class HttpServer {
 public:
  // Binds and starts the I/O threads. kAlreadyExists when the port is in use (says who to ask).
  // `router` outlives the server.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                   const Router& router);
  virtual ~HttpServer() = default;  // stops at once
  virtual int port() const = 0;
  // Stops accepting, closes idle connections, waits for answers in flight up to the deadline.
  virtual void Drain(double deadline_seconds) = 0;
  virtual size_t NumConnections() const = 0;
};

// A bound, listening, close-on-exec TCP socket for HttpServerOptions::listen_fd of a child.
Result<int> ListenTcp(const std::string& address, int port);

}  // namespace redline::net
