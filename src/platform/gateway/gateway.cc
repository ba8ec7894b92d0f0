#include <signal.h>

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "net/http_server.h"
#include "platform/gateway/gateway_routes.h"
#include "platform/gateway/snapshot_watcher.h"
#include "platform/roles.h"

namespace redline::platform {
namespace {

constexpr double kDrainSeconds = 30;
// Replaced by another gateway on the same socket, it is in nobody's way: answers may take their
// time.
constexpr double kReplacedDrainSeconds = 3600;
// For error events to leave when the drain was cut short.
constexpr double kLastWordsSeconds = 2;

sigset_t TerminationSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

// Before any thread starts: every thread inherits the mask.
void BlockTermination() {
  const sigset_t set = TerminationSignals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

// How long answers in flight may take, by the signal that ends the process.
double WaitForTermination() {
  const sigset_t set = TerminationSignals();
  int number = 0;
  ::sigwait(&set, &number);
  return number == SIGHUP ? kReplacedDrainSeconds : kDrainSeconds;
}

bool TerminationWithin(double seconds) {
  const sigset_t set = TerminationSignals();
  const timespec wait = {0, static_cast<long>(seconds * 1e9)};
  return ::sigtimedwait(&set, nullptr, &wait) > 0;
}

// Lets answers in flight finish. False when they had to be cut short: by the deadline or by a
// second signal.
bool Drain(net::HttpServer& server, GatewayRoutes& routes, double seconds) {
  std::atomic<bool> drained = false;
  std::thread drain([&] {
    server.Drain(seconds + kLastWordsSeconds);
    drained = true;
  });
  const MonotonicTime begin = MonotonicNow();
  bool cut_short = false;
  while (!drained && !cut_short)
    cut_short = TerminationWithin(0.05) || SecondsSince(begin) > seconds;
  if (cut_short) {
    LogWarn("gateway", "stopping with requests in flight");
    routes.AbortAll();
  }
  drain.join();
  return !cut_short;
}

}  // namespace

int RunGateway(const GatewayOptions& options) {
  BlockTermination();
  RaiseDescriptorLimit();  // a request in flight needs two
  SnapshotHolder snapshots(options.layout.gateway_snapshot());
  snapshots.LoadFromDisk();
  GatewayRoutes routes(snapshots, options.layout.server_socket().string());
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
  const double drain_seconds = WaitForTermination();
  LogInfo("gateway", "draining");
  return Drain(**server, routes, drain_seconds) ? 0 : 1;
}

}  // namespace redline::platform
