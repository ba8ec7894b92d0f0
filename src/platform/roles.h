// The three processes of `redline up`, as functions the command line calls. Each runs until a
// signal and returns the process's exit status.
#pragma once

#include <filesystem>
#include <string>

#include "platform/layout.h"

namespace redline::platform {

// Control plane: store, controllers, management API and console on D/run/server.sock.
// SIGTERM: stops. Needs nothing else to be running.
struct ServerOptions {
  DataLayout layout;
  std::filesystem::path cache_dir;
  std::string admin_key;  // its hash goes to the store
};
int RunServer(const ServerOptions& options);

// Data path on an inherited listening socket. SIGTERM: drains (30 s), then stops.
struct GatewayOptions {
  DataLayout layout;
  int listen_fd = -1;
};
int RunGateway(const GatewayOptions& options);

// This node. SIGTERM: drains and stops its engines, then itself. SIGHUP: only itself; engines go on
// under their shims and the next agent adopts them.
struct AgentOptions {
  DataLayout layout;
  std::filesystem::path cache_dir;
  std::string server_url;  // "unix:D/run/server.sock"
};
int RunAgent(const AgentOptions& options);

}  // namespace redline::platform
