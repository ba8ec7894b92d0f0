// The model library as this cluster sees it.
#pragma once

#include <string>
#include <vector>

#include "platform/catalog/choose.h"
#include "platform/server/control_plane.h"

namespace redline::platform {

// The worker as a place for one more engine.
Node NodeOf(const ControlPlane& plane, const WorkerRecord& worker);

// The command line an engine of that name would be started with, for people to read; empty when the
// engine is not driven by this version.
std::vector<std::string> CommandOf(const ControlPlane& plane, const CatalogEntry& entry,
                                   const std::string& served_name,
                                   const spec::EngineConfig& engine);

}  // namespace redline::platform
