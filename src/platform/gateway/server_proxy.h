// Passes what is not inference (console, management API) to the server's Unix socket.
#pragma once

#include <memory>
#include <string>

#include "net/http_client.h"
#include "net/http_server.h"

namespace redline::platform {

class ServerProxy {
 public:
  // `client` outlives this.
  ServerProxy(std::string server_socket, net::HttpClient& client)
      : server_socket_(std::move(server_socket)), client_(client) {}

  // Answers with the server's own answer, or 503 while it is away. Never blocks.
  void Forward(net::HttpRequest request, std::shared_ptr<net::ResponseWriter> writer) const;

 private:
  const std::string server_socket_;
  net::HttpClient& client_;
};

}  // namespace redline::platform
