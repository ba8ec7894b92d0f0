// Every path of the public port, and who may use it.
#pragma once

#include <memory>
#include <string>

#include "net/http_client.h"
#include "net/http_server.h"
#include "platform/gateway/balancer.h"
#include "platform/gateway/gateway_metrics.h"
#include "platform/gateway/relay.h"
#include "platform/gateway/server_proxy.h"
#include "platform/gateway/snapshot.h"

namespace redline::platform {

// Thread-safe: handlers run on the server's I/O threads.
class GatewayRoutes {
 public:
  // `snapshots` outlives this; this outlives the server that uses the router.
  GatewayRoutes(SnapshotHolder& snapshots, std::string server_socket);

  // /health is open; /metrics, /v1/* need a key; /api/v1/* and the console are judged by the
  // server; /internal/* does not exist here.
  void AddTo(net::Router& router);
  // Ends the requests in flight as if their engines had gone.
  void AbortAll() { running_.AbortAll(); }

 private:
  using Writer = std::shared_ptr<net::ResponseWriter>;

  net::Handler WithKey(std::string_view scope, net::Handler handler) const;
  void AddInference(net::Router& router);
  void AddProxied(net::Router& router);
  void ListModels(const Writer& writer) const;
  void GetModel(const std::string& name, const Writer& writer) const;
  void Infer(net::HttpRequest request, const std::string& target, const Writer& writer);

  SnapshotHolder& snapshots_;
  Balancer balancer_;
  GatewayMetrics metrics_;
  RunningRelays running_;
  net::HttpClient client_;  // ends first: its callbacks use the above
  ServerProxy proxy_;
};

}  // namespace redline::platform
