// Kernel measurements of a GPU, as aiconfigurator's collectors write them (CSV: one row a
// measurement), as curves. Reads files; the curves are this product's own fit.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/status.h"
#include "planner/cost/kernel_set.h"
#include "planner/cost/speed_of_light.h"

namespace redline::planner {

struct KernelImport {
  std::filesystem::path directory;  // with FAMILY__FRAMEWORK__VERSION__TABLE.csv or .csv.zst
  std::string gpu;                  // "H200"
  GpuPeaks peaks;
  std::string source;
  std::function<void(const std::string& line)> progress;  // may be empty
};

// Tables: gemm_perf, moe_perf, custom_allreduce_perf, dsa_context_module_perf,
// dsa_generation_module_perf. Others are passed over.
// kInvalidArgument, with file and line, for a row that is none; kNotFound when no table is there.
Result<KernelSet> ImportKernels(const KernelImport& import);

}  // namespace redline::planner
