// Passes what is not inference (console, management API) to the server's Unix socket.
#pragma once

#include <memory>
#include <string>

#include "net/http_client.h"
#include "net/http_server.h"

namespace redline::platform {

// Immutable; Forward may be called from any thread.
class ServerProxy {
 public:
  // `client` outlives this.
  ServerProxy(std::string server_socket, net::HttpClient& client)
      : server_socket_(std::move(server_socket)), client_(client) {}

  // Passes the answer on as it comes, or answers 503 while the server is away. Never blocks. A
  // client that leaves ends the server's work too.
  void Forward(net::HttpRequest request, std::shared_ptr<net::ResponseWriter> writer) const;

 private:
  const std::string server_socket_;
  net::HttpClient& client_;
};

}  // namespace redline::platform
