// `redline up`: holds the data directory's lock and the public port, keeps server, gateway and
// agent alive, and stops everything in order.
//
// One thread owns the children; a second one only waits for readiness and deploys the default
// model.
#pragma once

#include <filesystem>
#include <string>

#include "base/status.h"

namespace redline::platform {

struct UpOptions {
  std::filesystem::path data_dir;
  std::filesystem::path cache_dir;
  std::string address = "127.0.0.1";
  int port = 8080;
  // Deployed when the store has no deployment at all; empty: nothing is deployed.
  std::string default_model = "smollm2-135m-instruct";
};

// Runs until SIGTERM or SIGINT (drains, stops engines, then the three processes; a second signal
// skips the drain). SIGHUP replaces the three processes by the binary now on disk and leaves
// engines running. Returns when all is stopped. Errors before anything is created or started:
// kAlreadyExists (port in use, data directory locked), kPermissionDenied (not writable),
// kInvalidArgument.
Status RunUp(const UpOptions& options);

}  // namespace redline::platform
