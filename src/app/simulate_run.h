// `redline simulate --workload`: what a workload would see of a virtual engine, computed without
// running one.
#pragma once

#include "app/command.h"
#include "planner/virtual/truth_cost.h"
#include "planner/virtual/virtual_setup.h"

namespace redline::app {

// Prints a result as the lab's, marked as virtual, and writes the requests where --requests says.
Status RunSimulation(const Arguments& arguments, const planner::VirtualSetup& setup,
                     const planner::TruthOptions& truth);

}  // namespace redline::app
