// Every path of the public port, and who may use it.
#pragma once

#include <memory>
#include <string>

#include "net/http_client.h"
#include "net/http_server.h"
#include "platform/gateway/balancer.h"
#include "platform/gateway/gateway_metrics.h"
#include "platform/gateway/server_proxy.h"
#include "platform/gateway/snapshot.h"

namespace redline::platform {

// Thread-safe: handlers run on the server's I/O threads.
class GatewayRoutes {
 public:
  // Both references outlive this.
  GatewayRoutes(SnapshotHolder& snapshots, net::HttpClient& client, std::string server_socket);

  // /health is open; /metrics, /v1/* need a key; /api/v1/* and the console are judged by the
  // server; /internal/* does not exist here.
  void AddTo(net::Router& router);

 private:
  using Writer = std::shared_ptr<net::ResponseWriter>;

  Status Authorize(const net::HttpRequest& request, std::string_view scope) const;
  void ListModels(const Writer& writer) const;
  void GetModel(const std::string& name, const Writer& writer) const;
  void Infer(net::HttpRequest request, const std::string& target, const Writer& writer);

  SnapshotHolder& snapshots_;
  net::HttpClient& client_;
  ServerProxy proxy_;
  Balancer balancer_;
  GatewayMetrics metrics_;
};

}  // namespace redline::platform
