// `redline deploy --dry-run --hardware H`: what would run on a node that need not be there.
#pragma once

#include "app/command.h"
#include "base/status.h"

namespace redline::app {

// Needs no running platform. kInvalidArgument, after what is known was printed, when the engine
// would refuse its arguments.
Status ShowDeploymentPlan(const Arguments& arguments);

}  // namespace redline::app
