// An engine's command line as people read it before there is an instance, with the variables that
// it needs besides those that everything has.
#pragma once

#include <string>
#include <vector>

#include "backends/backend.h"

namespace redline::platform {

struct ShownCommandRequest {
  const spec::EngineConfig& engine;  // requested and resolved
  bool on_gpus =
      false;  // then `resolved` is what the engine makes of its arguments, not part of them
  std::string model_path;
  std::string served_name;
  std::string socket;  // where a Unix socket would be
};

// The program is named, not located: the agent knows the places. Empty when the engine is not
// driven by this version.
backends::Command ShownCommand(const ShownCommandRequest& request);

}  // namespace redline::platform
