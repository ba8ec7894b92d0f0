// Axes of the engines that run on a CPU, for tuning on the machine at hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "planner/search/search_space.h"

namespace redline::lab {

struct CpuQuestion {
  int64_t num_cpus = 1;
  int64_t longest_request = 0;  // prompt and answer, for flags that share a context among requests
  std::vector<std::string> kernels;  // of the native engine, besides its default
};

// `engine`: "native", "vllm@0.13.0", "llama_cpp@11434". kUnimplemented for an engine without axes.
Result<planner::SearchSpace> CpuSpaceOf(std::string_view engine, const CpuQuestion& question);

}  // namespace redline::lab
