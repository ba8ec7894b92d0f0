#include <fmt/format.h>

#include "lab/import/foreign_json.h"
#include "lab/import/formats.h"

namespace redline::lab {
namespace {

using nlohmann::json;

// metrics.KEY.successful, its values times `scale`.
void TakeDistribution(const json& metrics, std::string_view key, double scale,
                      std::string_view metric, Summary& summary) {
  const auto number = [&](std::string_view path) {
    return NumberAt(metrics, fmt::format("{}.successful.{}", key, path));
  };
  if (!number("mean")) return;
  const auto scaled = [&](std::string_view path) { return number(path).value_or(0) * scale; };
  summary.distributions[std::string(metric)] = {.mean = scaled("mean"),
                                                .std = scaled("std_dev"),
                                                .min = scaled("min"),
                                                .p50 = scaled("median"),
                                                .p90 = scaled("percentiles.p90"),
                                                .p95 = scaled("percentiles.p95"),
                                                .p99 = scaled("percentiles.p99"),
                                                .max = scaled("max"),
                                                .count = AsCount(number("count").value_or(0))};
}

Summary SummaryOf(const json& metrics) {
  Summary summary;
  TakeDistribution(metrics, "time_to_first_token_ms", 1, "ttft_ms", summary);
  TakeDistribution(metrics, "time_per_output_token_ms", 1, "tpot_guidellm_ms", summary);
  TakeDistribution(metrics, "inter_token_latency_ms", 1, "tpot_ms", summary);
  TakeDistribution(metrics, "request_latency", 1e3, "e2e_ms", summary);
  TakeDistribution(metrics, "prompt_token_count", 1, "input_tokens", summary);
  TakeDistribution(metrics, "output_token_count", 1, "output_tokens", summary);
  TakeValue(metrics, "request_totals.successful", "requests", summary);
  TakeValue(metrics, "requests_per_second.successful.mean", "request_rate", summary);
  TakeValue(metrics, "prompt_tokens_per_second.successful.mean", "input_tps", summary);
  TakeValue(metrics, "output_tokens_per_second.successful.mean", "output_tps", summary);
  TakeValue(metrics, "tokens_per_second.successful.mean", "total_tps", summary);
  TakeValue(metrics, "request_concurrency.successful.mean", "mean_in_flight", summary);
  return summary;
}

// The kind of load ("concurrent", "poisson") and its size, wherever this version has them.
std::string StrategyOf(const json& benchmark) {
  const auto config = benchmark.find("config");
  if (config == benchmark.end() || !config->is_object()) return "";
  const auto strategy = config->find("strategy");
  if (strategy == config->end()) return "";
  std::string text = TextAt(*strategy, "type_");
  for (const char* key : {"streams", "max_concurrency", "rate"}) {
    if (const auto value = NumberAt(*strategy, key)) text += fmt::format(" {}={}", key, *value);
  }
  return text;
}

std::string ModelOf(const json& document) {
  const auto arguments = document.find("args");
  return arguments == document.end() ? "" : TextAt(*arguments, "model");
}

}  // namespace

bool LooksLikeGuidellm(const json& document) {
  return document.is_object() && document.contains("benchmarks") &&
         document["benchmarks"].is_array();
}

Result<std::vector<Measurement>> FromGuidellm(const json& document) {
  std::vector<Measurement> measurements;
  for (const json& benchmark : document["benchmarks"]) {
    if (!benchmark.is_object() || !benchmark.contains("metrics") ||
        !benchmark["metrics"].is_object())
      return InvalidArgument(
          fmt::format("benchmarks[{}].metrics is missing or no object", measurements.size()),
          "benchmarks");
    const json& metrics = benchmark["metrics"];
    Measurement measurement;
    measurement.tool = "guidellm";
    measurement.model = ModelOf(document);
    measurement.workload_name = StrategyOf(benchmark);
    measurement.notes = {
        "GuideLLM's rates are means of a distribution over time, not sums over a duration"};
    RunResult run;
    run.summary = SummaryOf(metrics);
    RL_RETURN_IF_ERROR(CheckNotNegative(run.summary));
    run.health.num_failed = CountAt(metrics, "request_totals.errored");
    AddRepeat(std::move(run), measurement);
    SummariseRepeats(measurement);
    measurements.push_back(std::move(measurement));
  }
  return measurements;
}

}  // namespace redline::lab
