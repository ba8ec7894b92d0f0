// `redline simulate` without a workload: virtual engines that serve until SIGINT or SIGTERM.
#pragma once

#include "app/command.h"
#include "planner/virtual/truth_cost.h"
#include "planner/virtual/virtual_setup.h"

namespace redline::app {

Status ServeVirtualEngines(const Arguments& arguments, const planner::VirtualSetup& setup,
                           const planner::TruthOptions& truth);

}  // namespace redline::app
