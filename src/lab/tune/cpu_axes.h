// Axes of the engines that run on a CPU, for tuning on the machine at hand.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "planner/search/search_space.h"

namespace redline::lab {

// `engine`: "native", "vllm@0.13.0", "llama_cpp@11434". `longest_request`: tokens of prompt and
// answer, for flags that share a context among requests. kUnimplemented for an engine without axes.
Result<planner::SearchSpace> CpuSpaceOf(std::string_view engine, int64_t num_cpus,
                                        int64_t longest_request);

}  // namespace redline::lab
