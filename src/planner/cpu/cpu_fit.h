// Costs that explain what a calibration run saw: Gauss-Newton over the simulator, each step a
// least-squares problem with no negative costs. Pure functions.
#pragma once

#include <span>
#include <vector>

#include "base/status.h"
#include "planner/cpu/cpu_calibration.h"
#include "planner/simulate/scheduler_policy.h"

namespace redline::planner {

// Minimizes |matrix x - right|^2 over x >= 0. `matrix` by rows, each with x's size.
std::vector<double> NonNegativeLeastSquares(const std::vector<std::vector<double>>& matrix,
                                            std::span<const double> right, size_t num_unknowns);

// What the simulator says of a point: ttft_ms, tpot_ms, duration_s.
Result<CpuPoint> SimulatePoint(const CpuPoint& point, const SchedulerPolicy& policy,
                               const CpuCosts& costs);

// Fits `costs` and the errors of `calibration` to its points. kInvalidArgument without enough of
// them.
Status FitCpuCosts(const spec::ModelSpec& model, CpuCalibration& calibration);

}  // namespace redline::planner
