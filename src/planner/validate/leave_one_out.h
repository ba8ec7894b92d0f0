// Predictions for runs whose model no calibration has seen: what a new model would get.
#pragma once

#include <vector>

#include "planner/validate/calibration_fit.h"
#include "planner/validate/validation.h"

namespace redline::planner {

// For each model in turn: the engines' calibrations are fitted to the runs of the other models, and
// that model's runs are predicted with them. Where no other model ran on an engine version, other
// versions of the engine stand for it. The rows are in the order of the runs.
std::vector<ValidatedRow> ValidateLeavingModelsOut(const std::vector<MeasuredRun>& runs,
                                                   const FitOptions& options);

}  // namespace redline::planner
