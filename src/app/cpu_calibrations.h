// Calibrations of this machine's CPU engines: measured, kept in the state folder, found again.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "app/cpu_engine.h"
#include "base/status.h"
#include "planner/cpu/cpu_calibration.h"
#include "planner/engines/engine_plan.h"
#include "spec/workload_spec.h"

namespace redline::app {

// What clients saw of one run of a workload: means over its requests.
struct SeenLoad {
  double ttft_ms = 0;
  double tpot_ms = 0;  // 0: answers have one token
  double duration_s = 0;
  double total_tps = 0;
};

// One run without warm-up. kFailedPrecondition when a request failed.
Result<SeenLoad> MeasureLoad(const CpuEngine& engine, const std::string& url,
                             const spec::WorkloadSpec& workload, uint64_t seed);

// Of the last minute; 0 when the kernel does not say.
double LoadAverage();
// Seeds that no run before used, so that no prompt is in a prefix cache.
uint64_t FreshSeed();

// A few loads of the design, short, long and many at once, that nobody looks at.
Status WarmUpCpuEngine(const CpuEngine& engine, const std::string& url);

using CalibrationProgress = std::function<void(const std::string& phase, const std::string& text)>;

// Drives the designed loads, `num_passes` times each after a warm-up, and fits the costs.
Result<planner::CpuCalibration> MeasureCalibration(const CpuEngine& engine, const std::string& url,
                                                   int64_t num_passes,
                                                   const CalibrationProgress& progress);

// STATE/calibration/ENGINE@VERSION--MODEL.yaml.
std::filesystem::path CpuCalibrationPath(const CpuEngine& engine);
// kFailedPrecondition, with the command that makes it, when there is none of this engine and model,
// or when it was measured on another CPU.
Result<planner::CpuCalibration> LoadCpuCalibration(const CpuEngine& engine);
// The engine as a plan, by its calibration.
Result<planner::EnginePlan> PlanCpuEngine(const CpuEngine& engine,
                                          const planner::CpuCalibration& calibration);

}  // namespace redline::app
