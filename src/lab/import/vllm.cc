#include "lab/import/foreign_json.h"
#include "lab/import/formats.h"
#include "lab/import/vllm_family.h"

namespace redline::lab {

using nlohmann::json;

bool LooksLikeVllm(const json& document) {
  return document.is_object() && document.contains("total_token_throughput") &&
         document.contains("completed");
}

Result<std::vector<Measurement>> FromVllm(const json& document) {
  Measurement measurement;
  measurement.tool = "vllm";
  measurement.model = TextAt(document, "model_id");
  measurement.api = TextAt(document, "endpoint_type");
  RunResult run;
  run.summary = FlatSummary(document, "e2el", "total_token_throughput");
  RL_RETURN_IF_ERROR(CheckNotNegative(run.summary));
  run.health.num_failed = CountAt(document, "failed");
  AddRepeat(std::move(run), measurement);
  SummariseRepeats(measurement);
  if (!measurement.summary.distributions.contains("e2e_ms"))
    measurement.notes.push_back(
        "no end-to-end times: vllm bench serve writes them with --percentile-metrics "
        "ttft,tpot,itl,e2el");
  return std::vector<Measurement>{std::move(measurement)};
}

}  // namespace redline::lab
