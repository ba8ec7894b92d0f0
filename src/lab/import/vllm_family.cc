#include "lab/import/vllm_family.h"

#include <fmt/format.h>

#include "lab/import/foreign_json.h"

namespace redline::lab {

using nlohmann::json;

void TakeFlatDistribution(const json& object, std::string_view key, std::string_view metric,
                          Summary& summary) {
  const auto number = [&](const char* statistic) {
    return NumberAt(object, fmt::format("{}_{}_ms", statistic, key)).value_or(0);
  };
  if (!NumberAt(object, fmt::format("mean_{}_ms", key))) return;
  summary.distributions[std::string(metric)] = {.mean = number("mean"),
                                                .std = number("std"),
                                                .min = number("min"),
                                                .p50 = number("median"),
                                                .p90 = number("p90"),
                                                .p95 = number("p95"),
                                                .p99 = number("p99"),
                                                .max = number("max"),
                                                .count = CountAt(object, "completed")};
}

Summary FlatSummary(const json& object, std::string_view e2e_key, std::string_view total_rate_key) {
  Summary summary;
  TakeFlatDistribution(object, "ttft", "ttft_ms", summary);
  TakeFlatDistribution(object, "tpot", "tpot_ms", summary);
  TakeFlatDistribution(object, "itl", "itl_ms", summary);
  TakeFlatDistribution(object, e2e_key, "e2e_ms", summary);
  TakeValue(object, "duration", "duration_s", summary);
  TakeValue(object, "completed", "requests", summary);
  TakeValue(object, "request_throughput", "request_rate", summary);
  TakeValue(object, "request_goodput", "goodput", summary);
  TakeValue(object, "input_throughput", "input_tps", summary);
  TakeValue(object, "output_throughput", "output_tps", summary);
  TakeValue(object, total_rate_key, "total_tps", summary);
  TakeValue(object, "max_output_tokens_per_s", "peak_output_tps", summary);
  TakeValue(object, "concurrency", "mean_in_flight", summary);
  TakeValue(object, "max_concurrent_requests", "peak_in_flight", summary);
  return summary;
}

}  // namespace redline::lab
