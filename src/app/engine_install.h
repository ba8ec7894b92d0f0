// `redline engine install`, `redline engine doctor`, and what of an engine is on this machine.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "app/command.h"
#include "base/status.h"

namespace redline::app {

// --cache-dir, else the default.
std::filesystem::path CacheDirOf(const Arguments& arguments);

Status InstallEngineCommand(const Arguments& arguments);
// kFailedPrecondition when something is wrong with an installed engine.
Status EngineDoctor(const Arguments& arguments);

}  // namespace redline::app
