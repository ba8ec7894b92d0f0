// What measured runs taught of an engine beyond its kernels: how its operations differ from the
// tables, what its host adds. From hardware/calibration/*.yaml, written by `redline calibrate fit`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::planner {

// Factors on the tables' times; 1: as measured alone.
struct OpScales {
  double gemm = 1;
  double experts = 1;
  double communication = 1;
  double prefill = 1;  // all operations of steps with prompts, but attention
  double prefill_attention = 1;
  double decode_attention = 1;
};

struct EngineCalibration {
  std::string engine;                 // "sglang"
  std::vector<std::string> versions;  // "0.5.9", or its beginning; empty: any other version
  std::string model;                  // model_type, where one model differs; "": any
  std::string source;                 // the runs
  int64_t num_runs = 0;

  OpScales scales;
  double decode_step_ms = 1;   // host work that nothing hides, per step of decodes
  double prefill_step_ms = 3;  // per step with prompts
  double prefill_layer_ms =
      0.3;  // the least that a layer of such a step takes: launches without graphs
  double eager_layer_ms = 0.3;   // the same of decodes that no CUDA graph fits
  double first_token_ms = 20;    // from arrival to the first token, beyond queue and steps
  double first_token_steps = 1;  // the same in steps: asynchronous scheduling, polling for requests
  double frontend_ms = 0.5;      // serial work for a request before it is scheduled
  // Of predictions against the runs, as a logarithm: half the width of a band that holds 80%.
  double throughput_band = 0.35;
  double ttft_band = 0.6;
  double tpot_band = 0.25;
};

Result<std::vector<EngineCalibration>> CalibrationsFromYaml(std::string_view text);
std::string ToYaml(const std::vector<EngineCalibration>& calibrations);

struct FoundCalibration {
  EngineCalibration calibration;
  std::string provenance;  // a sentence: which runs it is from, or that there were none
  bool is_own = false;     // of this engine version
};
// The entry of engine, version and model: the longest matching version, one of the model before one
// of any; else the same engine's nearest entry, else the defaults above.
FoundCalibration FindCalibration(const std::vector<EngineCalibration>& calibrations,
                                 std::string_view engine, std::string_view version,
                                 std::string_view model);

// Those that the binary has.
const std::vector<EngineCalibration>& BuiltInCalibrations();

}  // namespace redline::planner
