// A plan as a JSON document, as tables, as a page.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/plan_report.h"

namespace redline::app {

nlohmann::json PlanJson(const PlanReport& report);
std::string PlanTables(const PlanReport& report);
// Self-contained, with plots.
std::string PlanPage(const PlanReport& report);

// "VARIABLE=value program flags", quoted for a shell.
std::string LaunchLineOf(const PlanReport& report);

}  // namespace redline::app
