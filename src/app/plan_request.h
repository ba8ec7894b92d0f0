// What `redline plan` was asked: model, hardware, workload, goal, from its flags.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/command.h"
#include "base/status.h"
#include "planner/hardware/hardware_spec.h"
#include "planner/predict/configure.h"
#include "planner/search/search.h"
#include "spec/workload_spec.h"

namespace redline::app {

struct PlanRequest {
  std::string model_path;  // as it was typed: what the launch line names
  planner::KnownModel model;
  planner::HardwareSpec hardware;
  spec::WorkloadSpec workload;
  planner::SearchOptions options;
  // A configuration of one's own: `options.engines` has its engine alone.
  bool is_given = false;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
};

std::vector<Flag> PlanFlags();
// Errors name the flag, or the field of the file that a flag names.
Result<PlanRequest> PlanRequestOf(const Arguments& arguments);

}  // namespace redline::app
