#include "app/simulate_run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/bench_flags.h"
#include "app/measurement_table.h"
#include "app/output.h"
#include "base/files.h"
#include "lab/metrics/measurement.h"
#include "lab/metrics/request_metrics.h"
#include "planner/predict/prediction.h"

namespace redline::app {
namespace {

using nlohmann::json;
using planner::SimulatedRequest;

int64_t NanosecondsOf(double seconds) { return static_cast<int64_t>(seconds * 1e9 + 0.5); }

lab::Outcome OutcomeOf(SimulatedRequest::Outcome outcome) {
  switch (outcome) {
    case SimulatedRequest::Outcome::kFinished:
      return lab::Outcome::kOk;
    case SimulatedRequest::Outcome::kAborted:
      return lab::Outcome::kAborted;
    case SimulatedRequest::Outcome::kRefused:
      return lab::Outcome::kHttpError;
    case SimulatedRequest::Outcome::kUnsent:
    case SimulatedRequest::Outcome::kUnfinished:
      break;
  }
  return lab::Outcome::kNotSent;
}

// As if a client had seen it. `wait_s`: of every token beyond the simulation's times.
lab::RequestRecord RecordOf(const SimulatedRequest& request, double wait_s) {
  const bool has_tokens = request.first_token_s >= 0;
  const int64_t last_ns = NanosecondsOf(request.last_token_s + (has_tokens ? wait_s : 0));
  lab::RequestRecord record{.index = request.index,
                            .session = request.session,
                            .intended_ns = NanosecondsOf(request.intended_s),
                            .sent_ns = NanosecondsOf(request.sent_s),
                            .input_tokens = request.input_tokens,
                            .output_tokens = request.output_tokens,
                            .slo_class = request.slo_class,
                            .turn = request.turn,
                            .outcome = OutcomeOf(request.outcome)};
  if (request.outcome == SimulatedRequest::Outcome::kUnsent) record.sent_ns = -1;
  if (request.last_token_s >= 0) record.end_ns = last_ns;
  if (!has_tokens || request.last_token_s < 0) return record;
  record.first_token_ns = NanosecondsOf(request.first_token_s + wait_s);
  record.last_token_ns = last_ns;
  record.usage_input = request.input_tokens;
  record.usage_output = request.output_tokens;
  record.usage_cached = request.cached_tokens;
  record.num_events = request.output_tokens;
  return record;
}

std::vector<lab::RequestRecord> RecordsOf(const planner::SimulationResult& simulation,
                                          double wait_s) {
  std::vector<lab::RequestRecord> records;
  records.reserve(simulation.requests.size());
  for (const SimulatedRequest& request : simulation.requests)
    records.push_back(RecordOf(request, wait_s));
  return records;
}

std::vector<lab::OutcomeCount> CountOutcomes(const std::vector<lab::RequestRecord>& records,
                                             const std::string& refusal) {
  std::map<lab::Outcome, int64_t> counts;
  for (const lab::RequestRecord& record : records) ++counts[record.outcome];
  std::vector<lab::OutcomeCount> outcomes;
  for (const auto& [outcome, count] : counts) {
    outcomes.push_back({std::string(lab::NameOf(outcome)), count,
                        outcome == lab::Outcome::kHttpError ? refusal : std::string()});
  }
  return outcomes;
}

lab::Measurement MeasurementOf(const SimulatedEngine& engine, const spec::WorkloadSpec& workload,
                               const std::vector<lab::RequestRecord>& records,
                               const std::string& refusal) {
  lab::Measurement measurement;
  measurement.target = fmt::format("virtual {} on {}", engine.engine, engine.hardware);
  measurement.model = engine.model;
  measurement.workload_name = workload.name;
  measurement.workload = spec::ToJson(workload);
  measurement.notes = engine.plan->notes;
  measurement.notes.insert(measurement.notes.begin(),
                           "computed by a simulator: nothing ran, nothing was measured");
  lab::LoadHealth health{.num_planned = static_cast<int64_t>(records.size())};
  for (const lab::RequestRecord& record : records) {
    health.num_sent += record.sent_ns >= 0;
    health.num_not_sent += record.outcome == lab::Outcome::kNotSent;
    health.num_failed += !record.ok() && record.outcome != lab::Outcome::kAborted;
  }
  measurement.repeats.push_back(
      lab::MakeRunResult({.records = records, .slo_classes = workload.slo_classes},
                         {.outcomes = CountOutcomes(records, refusal), .health = health}));
  // Nobody looked at single pauses: 0 would be a claim.
  measurement.repeats.back().summary.distributions.erase("max_gap_ms");
  measurement.repeats.back().steady.distributions.erase("max_gap_ms");
  lab::SummariseRepeats(measurement);
  return measurement;
}

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
  const std::vector<lab::RequestRecord> records =
      RecordsOf(prediction.simulation, planner::FirstTokenWaitSeconds(*engine.plan, prediction));
  RL_RETURN_IF_ERROR(WriteRequests(arguments.Get("requests-file"), records));
  lab::Measurement measurement =
      MeasurementOf(engine, workload, records, prediction.simulation.refusal);
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
