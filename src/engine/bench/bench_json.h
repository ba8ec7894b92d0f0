// Measurements of this machine as JSON: the form of kernels.json (README.md has the fields).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/bench/kernel_bench.h"

namespace redline::engine {

nlohmann::json ToJson(const MachineLimits& limits);
nlohmann::json ToJson(const KernelBenchResult& result);

}  // namespace redline::engine
