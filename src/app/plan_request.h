// What `redline plan` was asked, from its flags.
#pragma once

#include <vector>

#include "app/command.h"
#include "base/status.h"
#include "planner/plan/plan_request.h"

namespace redline::app {

std::vector<Flag> PlanFlags();
// Errors name the flag, or the field of the file that a flag names.
Result<planner::PlanRequest> PlanRequestOf(const Arguments& arguments);

}  // namespace redline::app
