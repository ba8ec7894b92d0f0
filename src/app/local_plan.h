// `redline deploy --dry-run` where no platform runs: what this machine would run.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "base/status.h"

namespace redline::app {

// `body` as for POST /api/v1/deployments; the answer has the fields of its dry run that need no
// platform: name, model, profile, engine, why, evidence, alternatives, fit, command.
// kFailedPrecondition: it does not fit; what would is said. `data_dir` has the published profiles.
Result<nlohmann::json> PlanHere(const nlohmann::json& body, const std::filesystem::path& data_dir);

}  // namespace redline::app
