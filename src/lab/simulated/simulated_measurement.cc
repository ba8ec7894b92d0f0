#include "lab/simulated/simulated_measurement.h"

#include <map>

#include "lab/metrics/request_metrics.h"

namespace redline::lab {
namespace {

using planner::SimulatedRequest;

int64_t NanosecondsOf(double seconds) { return static_cast<int64_t>(seconds * 1e9 + 0.5); }

Outcome OutcomeOf(SimulatedRequest::Outcome outcome) {
  switch (outcome) {
    case SimulatedRequest::Outcome::kFinished:
      return Outcome::kOk;
    case SimulatedRequest::Outcome::kAborted:
      return Outcome::kAborted;
    case SimulatedRequest::Outcome::kRefused:
      return Outcome::kHttpError;
    case SimulatedRequest::Outcome::kUnsent:
    case SimulatedRequest::Outcome::kUnfinished:
      break;
  }
  return Outcome::kNotSent;
}

// As if a client had seen it. `wait_s`: of every token beyond the simulation's times.
RequestRecord RecordOf(const SimulatedRequest& request, double wait_s) {
  const bool has_tokens = request.first_token_s >= 0;
  const int64_t last_ns = NanosecondsOf(request.last_token_s + (has_tokens ? wait_s : 0));
  RequestRecord record{.index = request.index,
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

std::vector<OutcomeCount> CountOutcomes(const std::vector<RequestRecord>& records,
                                        const std::string& refusal) {
  std::map<Outcome, int64_t> counts;
  for (const RequestRecord& record : records) ++counts[record.outcome];
  std::vector<OutcomeCount> outcomes;
  for (const auto& [outcome, count] : counts) {
    outcomes.push_back({std::string(NameOf(outcome)), count,
                        outcome == Outcome::kHttpError ? refusal : std::string()});
  }
  return outcomes;
}

}  // namespace

std::vector<RequestRecord> RecordsOf(const planner::EnginePlan& plan,
                                     const planner::Prediction& prediction) {
  const double wait_s = planner::FirstTokenWaitSeconds(plan, prediction);
  std::vector<RequestRecord> records;
  records.reserve(prediction.simulation.requests.size());
  for (const SimulatedRequest& request : prediction.simulation.requests)
    records.push_back(RecordOf(request, wait_s));
  return records;
}

Measurement MeasureSimulation(const SimulatedRun& run, const std::vector<RequestRecord>& records) {
  Measurement measurement;
  measurement.target = run.target;
  measurement.model = run.model;
  measurement.workload_name = run.workload.name;
  measurement.workload = spec::ToJson(run.workload);
  measurement.notes = run.plan.notes;
  measurement.notes.insert(measurement.notes.begin(),
                           "computed by a simulator: nothing ran, nothing was measured");
  LoadHealth health{.num_planned = static_cast<int64_t>(records.size())};
  for (const RequestRecord& record : records) {
    health.num_sent += record.sent_ns >= 0;
    health.num_not_sent += record.outcome == Outcome::kNotSent;
    health.num_failed += !record.ok() && record.outcome != Outcome::kAborted;
  }
  measurement.repeats.push_back(
      MakeRunResult({.records = records, .slo_classes = run.workload.slo_classes},
                    {.outcomes = CountOutcomes(records, run.refusal), .health = health}));
  // Nobody looked at single pauses: 0 would be a claim.
  measurement.repeats.back().summary.distributions.erase("max_gap_ms");
  measurement.repeats.back().steady.distributions.erase("max_gap_ms");
  SummariseRepeats(measurement);
  return measurement;
}

}  // namespace redline::lab
