// The model library as this cluster sees it.
#pragma once

#include <string>
#include <vector>

#include "platform/catalog/choose.h"
#include "platform/server/control_plane.h"

namespace redline::platform {

// The worker as a place for one more engine.
Node NodeOf(const ControlPlane& plane, const WorkerRecord& worker);

// What a model would be on the reachable workers, or on the one with the id `only_worker`: where it
// fits, on a virtual worker only when it fits on no real one, best on GPUs, and of equals where
// there is most memory; else what comes nearest. An error of what the user asked for comes only
// when it fits nowhere. kUnavailable: no worker is reachable.
Result<Assessment> AssessOnWorkers(const ControlPlane& plane, const CatalogEntry& entry,
                                   const Wishes& wishes, const std::string& only_worker = "");

// The model's profiles, those published here first, each with what is stale of its evidence on the
// reachable worker where least is.
std::vector<spec::Profile> ProfilesOf(const ControlPlane& plane, const CatalogEntry& entry);

// The command line of the deployment's engine and its variables, for people to read; empty when the
// engine is not driven by this version.
backends::Command CommandOf(const ControlPlane& plane, const CatalogEntry& entry,
                            const spec::Deployment& deployment);

}  // namespace redline::platform
