// The three processes of `redline up`, and that of `redline join`, as functions the command line
// calls. Each runs until a signal and returns the process's exit status.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "platform/layout.h"
#include "spec/deployment.h"

namespace redline::platform {

// Control plane: store, controllers, management API and console on D/run/server.sock.
// SIGTERM: stops. Needs nothing else to be running.
struct ServerOptions {
  DataLayout layout;
  std::filesystem::path cache_dir;
  std::string admin_key;          // its hash goes to the store
  std::filesystem::path program;  // does the lab's jobs; empty: this binary
};
int RunServer(const ServerOptions& options);

// Data path on an inherited listening socket. SIGTERM: drains (30 s), then stops.
struct GatewayOptions {
  DataLayout layout;
  int listen_fd = -1;
};
int RunGateway(const GatewayOptions& options);

// A node that is not there: its engines are `redline simulate`.
struct VirtualNode {
  spec::Worker worker;             // as the server is told of it, but for id, version and time
  std::string device;              // "H200": of `--hardware`, with the number of an engine's GPUs
  std::vector<std::string> flags;  // for every engine: "--truth-seed", "7"
};

// This node. SIGTERM: drains and stops its engines, then itself. SIGHUP: only itself; engines go on
// under their shims and the next agent adopts them. A virtual one stops by either, and leaves the
// cluster: where the server could not be told, the exit status is not 0.
struct AgentOptions {
  DataLayout layout;
  std::filesystem::path cache_dir;
  std::string server_url;                   // "unix:D/run/server.sock"
  std::optional<VirtualNode> virtual_node;  // nullopt: this machine
  bool leaves_at_once = false;  // as if SIGTERM came: stops what an earlier agent left running
};
int RunAgent(const AgentOptions& options);

}  // namespace redline::platform
