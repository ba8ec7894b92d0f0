// Measured runs from CSV as things to predict: the columns of a performance lab's results (a
// serving command a row) or of aiconfigurator's reference set (a layout a row). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "planner/cost/engine_kernels.h"
#include "planner/cost/speed_of_light.h"
#include "spec/workload_spec.h"

namespace redline::planner {

struct MeasuredRun {
  std::string name;      // for people
  std::string page;      // runs of one page are ranked among themselves; "": none
  std::string workload;  // of the same name on a page: comparable
  std::string model;     // "deepseek-ai/DeepSeek-V3.2"
  std::string engine;    // "sglang"
  std::string version;   // "0.5.9"; "": not told
  std::string hardware = "H200x8";
  std::string script;  // the serving command; "": `layout` counts
  ParallelLayout layout;
  std::optional<GemmType> weights;  // where the checkpoint differs from the model's own config.json
  spec::WorkloadSpec spec;
  bool tpot_includes_ttft = false;
  // 0: not measured.
  double total_tps = 0;
  double ttft_ms = 0;
  double tpot_ms = 0;
  std::string not_covered;  // why nothing can be predicted; "": it can be tried
};

// One per row, in order. kInvalidArgument when the columns are of neither kind.
Result<std::vector<MeasuredRun>> MeasuredRunsFromCsv(std::string_view text);

}  // namespace redline::planner
