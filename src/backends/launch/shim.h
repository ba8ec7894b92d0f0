// `redline shim`: the small process between an agent and one life of one engine.
#pragma once

#include <filesystem>

namespace redline::backends {

struct ShimOptions {
  std::filesystem::path dir;  // the instance's directory, with spec.json in it
};

// Starts the engine of spec.json and stays until it has ended. The engine is in a session of its
// own and dies with the shim; what it leaves behind is killed. SIGTERM is passed on and becomes
// SIGKILL after the grace (the signal's value in milliseconds when it has one, else the
// specification's). Never restarts anything. Returns the exit status of the process: 0 when the
// engine was started and its end recorded, whatever that end was.
int RunShim(const ShimOptions& options);

}  // namespace redline::backends
