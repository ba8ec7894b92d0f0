#include <utility>

#include "lab/import/foreign_json.h"
#include "lab/import/formats.h"
#include "lab/import/vllm_family.h"
#include "net/json_body.h"

namespace redline::lab {
namespace {

using nlohmann::json;

// What makes two lines repeats of one workload.
std::string WorkloadOf(const json& line) {
  json workload = json::object();
  for (const char* key : {"dataset_name", "request_rate", "max_concurrency", "sharegpt_output_len",
                          "random_input_len", "random_output_len", "random_range_ratio"}) {
    if (line.contains(key)) workload[key] = line[key];
  }
  return workload.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

bool LooksLikeSglang(const json& line) {
  return line.is_object() && line.contains("mean_e2e_latency_ms") && line.contains("backend");
}

Result<std::vector<Measurement>> FromSglang(const std::vector<json>& lines) {
  std::vector<Measurement> measurements;
  for (const json& line : lines) {
    if (!LooksLikeSglang(line))
      return InvalidArgument("a line of this SGLang result is of another kind: " +
                             net::JsonExcerpt(line));
    RunResult run;
    run.summary = FlatSummary(line, "e2e_latency", "total_throughput");
    RL_RETURN_IF_ERROR(CheckNotNegative(run.summary));
    run.health.num_failed = CountAt(line, "failed");
    const std::string workload = WorkloadOf(line);
    if (measurements.empty() || measurements.back().workload != workload) {
      Measurement& measurement = measurements.emplace_back();
      measurement.tool = "sglang";
      measurement.api = TextAt(line, "backend");
      measurement.workload_name = TextAt(line, "dataset_name");
      measurement.workload = workload;
    }
    AddRepeat(std::move(run), measurements.back());
  }
  for (Measurement& measurement : measurements) SummariseRepeats(measurement);
  return measurements;
}

}  // namespace redline::lab
