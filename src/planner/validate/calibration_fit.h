// Fits an engine's calibration to measured runs: least squares on the logarithms of throughput,
// TTFT and TPOT, each parameter held near its prior. Deterministic.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "planner/cost/calibration.h"
#include "planner/validate/measured_rows.h"

namespace redline::planner {

struct FitOptions {
  std::string source;  // said in the calibration
  // An entry for each model besides that of the engine, where it has at least so many runs; 0:
  // none.
  int64_t runs_for_model = 0;
  int64_t num_threads = 2;
  bool finds_bands = true;  // by fits that leave a third of the runs out: three times the work
  std::function<void(const std::string& line)> progress;
};

// One entry for each engine and version in the runs, in their order. What cannot be predicted is
// passed over. kNotFound when nothing can.
Result<std::vector<EngineCalibration>> FitCalibrations(const std::vector<MeasuredRun>& runs,
                                                       const FitOptions& options);

}  // namespace redline::planner
