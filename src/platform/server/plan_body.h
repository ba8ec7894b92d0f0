// From the body of POST /api/v1/plan to what the planner is asked. Pure functions, but that a model
// may be the path of a config.json.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "base/status.h"
#include "net/http.h"
#include "planner/plan/plan_request.h"
#include "platform/server/plan_views.h"

namespace redline::platform {

struct PlanQuestion {
  PlanBody body;
  std::optional<nlohmann::json> config;
};

// Syntax and types; unknown fields are refused.
Result<PlanQuestion> ReadPlanQuestion(const net::HttpRequest& request);

// kInvalidArgument for all that is wrong with it, the field in `param`. May read a file: not for
// the control thread.
Result<planner::PlanRequest> PlanRequestOf(const PlanQuestion& question);

// One node of the hardware library by its name, "h200x8"; kInvalidArgument about "hardware".
Result<planner::HardwareSpec> HardwareOfPlan(const std::string& name);

// A refusal of the planner as the client's mistake: about `field` where it names none.
Status AsBadRequest(const Status& status, const char* field);

}  // namespace redline::platform
