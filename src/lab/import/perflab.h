// The GPUStack performance lab's published runs (a CSV, one row per run), and what their own
// repeats say of the steps between them.
//
// Runs of one model, workload and engine are repeats when their commands differ only in flags that
// change nothing for these requests (`kFlagsWithoutEffect` in perflab.cc, each with its reason).
// Their spread is the noise a step has to exceed. An engine's own repeats are used where it has at
// least two degrees of freedom, else those of all engines together. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::lab {

struct PerflabRun {
  std::string page;      // "deepseek-v3.2/h200.md"
  std::string section;   // the heading it stands under
  std::string engine;    // "vllm", "sglang", "tensorrt_llm"
  std::string workload;  // "sharegpt", or the page's label
  std::string title;
  std::vector<std::string> flags;  // sorted, "--name value", with effect or not
  double total_tps = 0;
};

// At most 4,000 runs of at most 200 flags. kInvalidArgument names the row and the column.
Result<std::vector<PerflabRun>> ParsePerflab(std::string_view csv);

// Runs with the same effective command.
struct PerflabGroup {
  std::vector<size_t> runs;  // indices
  double mean_log_tps = 0;
};

struct PerflabStep {
  std::string page;
  std::string engine;
  std::string workload;
  std::string from;  // the flags or the engine that changed
  std::string to;
  size_t runs_from = 0;
  size_t runs_to = 0;
  double ratio = 0;
  double limit = 0;  // what a ratio (or its inverse) must exceed at 95%
  bool exceeds = false;
  std::string noise;  // whose repeats the limit is of
};

struct PerflabReport {
  std::vector<PerflabGroup> repeats;  // groups of two runs and more
  double spread = 0;                  // of one run's log throughput, all repeats together
  double degrees = 0;
  std::vector<PerflabStep> steps;
};

// kFailedPrecondition when no two runs are repeats of each other.
Result<PerflabReport> JudgePerflab(const std::vector<PerflabRun>& runs);

std::string ToJson(const PerflabReport& report, const std::vector<PerflabRun>& runs);

}  // namespace redline::lab
