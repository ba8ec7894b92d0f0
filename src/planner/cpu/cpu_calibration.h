// What a calibration run taught of one engine and one model on one machine. A file of the state
// folder, written by `redline calibrate run`; people may read and refit it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "planner/cpu/cpu_costs.h"
#include "spec/engine_config.h"
#include "spec/model_spec.h"
#include "spec/workload_spec.h"

namespace redline::planner {

// One load of the run, and what clients saw of it: medians over its repeats.
struct CpuPoint {
  std::string name;  // "decode 8"
  int64_t input_tokens = 0;
  int64_t output_tokens = 0;
  int64_t num_requests = 1;
  int64_t concurrency = 0;  // in flight at once; 0: all
  double ttft_ms = 0;       // means over the requests
  double tpot_ms = 0;       // 0: answers have one token
  double duration_s = 0;
};

struct CpuCalibration {
  std::string engine;   // "native"
  std::string version;  // "0.1.0"
  std::string model;    // "smollm2-135m-instruct"
  std::string cpu;      // "AMD EPYC"
  int64_t num_cpus = 0;
  std::string measured_at;  // RFC 3339
  double load_average = 0;  // of the machine before: other work makes all costs larger
  std::vector<std::string> arguments;
  spec::Parameters resolved;  // all that the engine ran with, as far as it is known
  CpuCosts costs;
  // Of the fit on its own points: the median, and the 90th percentile, of the relative errors.
  double median_error = 0;
  double p90_error = 0;
  std::vector<CpuPoint> points;
};

inline constexpr size_t kMaxCpuPoints = 1000;

// kInvalidArgument, naming the field, for unknown keys, numbers out of bounds, too many points.
Result<CpuCalibration> CpuCalibrationFromYaml(std::string_view text);
std::string ToYaml(const CpuCalibration& calibration);
// "native@0.1.0--smollm2-135m-instruct.yaml": where it is in the folder of calibrations.
std::string CpuCalibrationFile(std::string_view engine, std::string_view version,
                               std::string_view model);

// The load of a point as a workload: fixed lengths, a burst or a closed loop.
spec::WorkloadSpec WorkloadOfPoint(const CpuPoint& point);
// The loads of a calibration run, without what was measured: decodes of one and of many requests,
// short and long contexts, prompts alone and many, and a mixture. `context_length` bounds them.
std::vector<CpuPoint> CalibrationDesign(int64_t context_length);

}  // namespace redline::planner
