// `redline simulate --workload`: what a workload would see of a virtual engine, computed without
// running one.
#pragma once

#include "app/command.h"
#include "planner/virtual/truth_cost.h"
#include "planner/virtual/virtual_setup.h"

namespace redline::app {

// What is simulated.
struct SimulatedEngine {
  std::string engine;    // "sglang@0.5.6.post2"
  std::string model;     // its name
  std::string hardware;  // "H200x8"
  const planner::EnginePlan* plan = nullptr;
};

// Prints a result as the lab's, marked as virtual, and writes the requests where --requests says.
Status RunSimulation(const Arguments& arguments, const SimulatedEngine& engine,
                     const planner::TruthOptions& truth);

}  // namespace redline::app
