// A plan as tables, and as a page; as JSON it is planner/plan/plan_json.h's.
#pragma once

#include <string>

#include "planner/plan/plan_report.h"

namespace redline::app {

std::string PlanTables(const planner::PlanReport& report);
// Self-contained, with plots.
std::string PlanPage(const planner::PlanReport& report);

// "VARIABLE=value program flags", quoted for a shell.
std::string LaunchLineOf(const planner::PlanReport& report);

}  // namespace redline::app
