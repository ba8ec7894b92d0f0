#include <fmt/format.h>

#include "lab/import/foreign_json.h"
#include "lab/import/formats.h"

namespace redline::lab {
namespace {

using nlohmann::json;

// AIPerf writes the unit beside the numbers; times are in ms unless it says otherwise.
double ScaleOf(const json& metric) {
  const std::string unit = TextAt(metric, "unit");
  if (unit == "sec" || unit == "s" || unit == "seconds") return 1e3;
  if (unit == "us") return 1e-3;
  return unit == "ns" ? 1e-6 : 1;
}

void TakeDistribution(const json& document, const char* tag, std::string_view metric,
                      Summary& summary) {
  const auto found = document.find(tag);
  if (found == document.end() || !NumberAt(*found, "avg")) return;
  const double scale = ScaleOf(*found);
  const auto number = [&](const char* statistic) {
    return NumberAt(*found, statistic).value_or(0) * scale;
  };
  const auto count = NumberAt(*found, "count");
  summary.distributions[std::string(metric)] = {.mean = number("avg"),
                                                .std = number("std"),
                                                .min = number("min"),
                                                .p50 = number("p50"),
                                                .p90 = number("p90"),
                                                .p95 = number("p95"),
                                                .p99 = number("p99"),
                                                .max = number("max"),
                                                .count = AsCount(count.value_or(0))};
}

Summary SummaryOfAiperf(const json& document) {
  Summary summary;
  TakeDistribution(document, "time_to_first_token", "ttft_ms", summary);
  TakeDistribution(document, "inter_token_latency", "tpot_ms", summary);
  TakeDistribution(document, "inter_chunk_latency", "itl_ms", summary);
  TakeDistribution(document, "request_latency", "e2e_ms", summary);
  TakeDistribution(document, "input_sequence_length", "input_tokens", summary);
  TakeDistribution(document, "output_sequence_length", "output_tokens", summary);
  TakeDistribution(document, "output_token_throughput_per_user", "interactivity_tps", summary);
  TakeValue(document, "request_count.avg", "requests", summary);
  TakeValue(document, "request_throughput.avg", "request_rate", summary);
  TakeValue(document, "output_token_throughput.avg", "output_tps", summary);
  TakeValue(document, "total_token_throughput.avg", "total_tps", summary);
  TakeValue(document, "goodput.avg", "goodput", summary);
  TakeValue(document, "output_tokens_per_joule.avg", "output_tokens_per_joule", summary);
  return summary;
}

}  // namespace

bool LooksLikeAiperf(const json& document) {
  return document.is_object() && NumberAt(document, "request_throughput.avg").has_value();
}

Result<std::vector<Measurement>> FromAiperf(const json& document) {
  Measurement measurement;
  measurement.tool = "aiperf";
  measurement.tool_version = TextAt(document, "aiperf_version");
  RunResult run;
  run.summary = SummaryOfAiperf(document);
  RL_RETURN_IF_ERROR(CheckNotNegative(run.summary));
  run.health.num_failed = CountAt(document, "error_request_count.avg");
  AddRepeat(std::move(run), measurement);
  SummariseRepeats(measurement);
  return std::vector<Measurement>{std::move(measurement)};
}

}  // namespace redline::lab
