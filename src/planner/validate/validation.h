// Predictions beside measurements, row by row.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "planner/cost/calibration.h"
#include "planner/predict/prediction.h"
#include "planner/validate/measured_rows.h"

namespace redline::planner {

struct ValidatedMetric {
  std::string name;  // "total_tps", "ttft", "tpot"; times in milliseconds
  Banded predicted;
  double measured = 0;
  double error() const { return predicted.value / measured - 1; }
};

struct ValidatedRow {
  MeasuredRun run;
  bool is_covered = false;
  std::string reason;  // why not
  std::vector<ValidatedMetric> metrics;
};

struct ValidationOptions {
  const std::vector<EngineCalibration>* calibrations = nullptr;  // null: those of the binary
  std::function<void(size_t done, size_t all)> progress;
};

// A run's plan, as its row describes it.
struct RunPlan {
  ModelShape shape;
  HardwareSpec hardware;
  EnginePlan plan;
};
Result<std::unique_ptr<RunPlan>> PlanOfRun(const MeasuredRun& run,
                                           const std::vector<EngineCalibration>* calibrations);

std::vector<ValidatedRow> Validate(const std::vector<MeasuredRun>& runs,
                                   const ValidationOptions& options);

// {"rows": [...], "summary": {...}}: medians and 90th percentiles of the absolute errors, coverage,
// how many rows the bands hold, and of each page with enough configurations the order of them.
nlohmann::json ToJson(const std::vector<ValidatedRow>& rows);

}  // namespace redline::planner
