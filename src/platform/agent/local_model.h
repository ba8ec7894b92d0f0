// A model that somebody has put on this node, in the form an engine loads.
#pragma once

#include <filesystem>
#include <string>

#include "backends/backend.h"
#include "base/status.h"

namespace redline::platform {

// What the engine is given: the path, or the one GGUF file in it. kNotFound, kPermissionDenied,
// kFailedPrecondition when it is not what the engine loads. May block as long as a network file
// system does.
Result<std::filesystem::path> FindLocalModel(const std::string& path,
                                             const backends::EngineFacts& engine);

}  // namespace redline::platform
