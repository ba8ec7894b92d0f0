// What `vllm bench serve` and SGLang's `bench_serving` have in common: flat objects with
// "mean_ttft_ms", "p99_itl_ms", ... Include it in .cc files only.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "lab/metrics/measurement.h"

namespace redline::lab {

// "mean_KEY_ms", "median_KEY_ms", "std_KEY_ms", "p90_KEY_ms", ... as the distribution `metric`;
// absent when there is no mean.
void TakeFlatDistribution(const nlohmann::json& object, std::string_view key,
                          std::string_view metric, Summary& summary);
// ttft, tpot, itl, the end-to-end time under `e2e_key`, and the rates and counts both have.
Summary FlatSummary(const nlohmann::json& object, std::string_view e2e_key,
                    std::string_view total_rate_key);

}  // namespace redline::lab
