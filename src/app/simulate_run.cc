#include "app/simulate_run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/bench_flags.h"
#include "app/measurement_table.h"
#include "app/output.h"
#include "base/files.h"
#include "lab/metrics/measurement.h"
#include "lab/metrics/request_metrics.h"
#include "lab/simulated/simulated_measurement.h"
#include "planner/predict/prediction.h"

namespace redline::app {
namespace {

using nlohmann::json;

json LineOf(const lab::RequestRecord& record) {
  json line = {{"index", record.index},
               {"outcome", lab::NameOf(record.outcome)},
               {"input_tokens", record.input_tokens},
               {"output_tokens", record.output_tokens}};
  const auto add = [&line](const char* name, std::optional<double> value) {
    if (value.has_value()) line[name] = *value;
  };
  if (record.sent_ns >= 0) line["sent_s"] = static_cast<double>(record.sent_ns) * 1e-9;
  if (record.usage_cached >= 0) line["cached_tokens"] = record.usage_cached;
  add("ttft_ms", lab::TtftMs(record));
  add("tpot_ms", lab::TpotMs(record));
  add("e2e_ms", lab::E2eMs(record));
  return line;
}

Status WriteRequests(const std::string& path, const std::vector<lab::RequestRecord>& records) {
  if (path.empty()) return OkStatus();
  std::string text;
  for (const lab::RequestRecord& record : records) text += LineOf(record).dump() + "\n";
  return WriteFileAtomic(path, text);
}

}  // namespace

Status RunSimulation(const Arguments& arguments, const SimulatedEngine& engine,
                     const planner::TruthOptions& truth) {
  RL_ASSIGN_OR_RETURN(const spec::WorkloadSpec workload, WorkloadOf(arguments));
  RL_ASSIGN_OR_RETURN(const int64_t seed, arguments.GetInt("seed", 0, int64_t{1} << 53));
  const planner::TruthCost cost(*engine.plan->cost, truth);
  RL_ASSIGN_OR_RETURN(const planner::Prediction prediction,
                      planner::Predict(*engine.plan, workload,
                                       {.seed = static_cast<uint64_t>(seed), .cost = &cost}));
  const std::vector<lab::RequestRecord> records = lab::RecordsOf(*engine.plan, prediction);
  RL_RETURN_IF_ERROR(WriteRequests(arguments.Get("requests-file"), records));
  lab::Measurement measurement = lab::MeasureSimulation(
      {.target = fmt::format("virtual {} on {}", engine.engine, engine.hardware),
       .model = engine.model,
       .workload = workload,
       .plan = *engine.plan,
       .refusal = prediction.simulation.refusal},
      records);
  measurement.seed = seed;
  json document = json::parse(lab::ToJson(measurement));
  document["virtual"] = true;
  document["engine"] = engine.engine;
  document["hardware"] = engine.hardware;
  document["prediction"] = planner::ToJson(prediction);
  document["prediction"].erase("seconds_by_operation");
  if (truth.truth_seed != 0) {
    document["truth_seed"] = truth.truth_seed;
    document["run_seed"] = truth.run_seed;
  }
  if (PrintedForPrograms(arguments, document)) return OkStatus();
  fmt::print("VIRTUAL: computed, not measured\n{}", MeasurementTable(measurement));
  return OkStatus();
}

}  // namespace redline::app
