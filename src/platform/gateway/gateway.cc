#include <signal.h>

#include "base/log.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "platform/gateway/gateway_routes.h"
#include "platform/gateway/snapshot_watcher.h"
#include "platform/roles.h"

namespace redline::platform {
namespace {

constexpr double kDrainSeconds = 30;

void WaitForTermination() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  int number = 0;
  ::sigwait(&set, &number);
}

// Before any thread starts: every thread inherits the mask.
void BlockTermination() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int RunGateway(const GatewayOptions& options) {
  BlockTermination();
  SnapshotHolder snapshots(options.layout.gateway_snapshot());
  snapshots.LoadFromDisk();
  net::HttpClient client;
  GatewayRoutes routes(snapshots, client, options.layout.server_socket().string());
  net::Router router;
  routes.AddTo(router);
  net::HttpServerOptions server_options;
  server_options.listen_fd = options.listen_fd;
  auto server = net::HttpServer::Start(server_options, router);
  if (!server.ok()) {
    LogError("gateway", "{}", server.status().message());
    return InfoOf(server.status().code()).exit_code;
  }
  SnapshotWatcher watcher(options.layout.server_socket(), snapshots);
  LogInfo("gateway", "serving with snapshot revision {}", snapshots.Current()->revision);
  WaitForTermination();
  LogInfo("gateway", "draining");
  (*server)->Drain(kDrainSeconds);
  return 0;
}

}  // namespace redline::platform
