// A plan as a JSON document: of `redline plan --output json` and of the management API alike.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "planner/plan/plan_report.h"

namespace redline::planner {

nlohmann::json PlanJson(const PlanReport& report);

}  // namespace redline::planner
