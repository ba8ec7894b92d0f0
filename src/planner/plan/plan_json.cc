#include "planner/plan/plan_json.h"

#include <nlohmann/json.hpp>

#include "planner/hardware/hardware_spec.h"
#include "spec/workload_spec.h"

namespace redline::planner {
namespace {

using nlohmann::json;

json BandedJson(const Banded& banded) {
  return {{"value", banded.value}, {"low", banded.low}, {"high", banded.high}};
}

json OutcomeJson(const Outcome& outcome) {
  json document = ToJson(outcome.prediction);
  document.erase("seconds_by_operation");
  document["gpus"] = outcome.num_gpus;
  document["keeps_slo"] = outcome.keeps_slo;
  document["usd_per_million_tokens"] =
      outcome.usd_per_million_tokens ? json(*outcome.usd_per_million_tokens) : json();
  return document;
}

// One of the search's, with its command line.
json RankedJson(const PlanReport& report, const Outcome& outcome) {
  const auto& engine = report.search->engines[outcome.candidate.space];
  const std::vector<std::string> arguments = ArgumentsOfOutcome(report, outcome);
  return {{"engine", engine.space.engine},
          {"configuration", Describe(engine.space, outcome.candidate.choice)},
          {"arguments", arguments},
          {"command", LaunchCommand(*report.request, engine, arguments)},
          {"command_lines", outcome.candidate.num_command_lines},
          {"prediction", OutcomeJson(outcome)}};
}

json SplitJson(const TimeSplit& split) {
  json operations = json::object();
  for (size_t index = 0; index < kNumOperations; ++index) {
    operations[std::string(NameOf(static_cast<Operation>(index)))] =
        split.operations.seconds[index];
  }
  operations["waiting"] = split.waiting_s;
  return operations;
}

json LedgerJson(const MemoryLedger& ledger) {
  json terms = json::object();
  for (const auto& term : ledger.terms) terms[term.name] = term.num_bytes;
  return {{"bytes", std::move(terms)},
          {"total_bytes", ledger.total_bytes},
          {"kv_bytes_per_token", ledger.kv_bytes_per_token},
          {"kv_tokens_per_rank", ledger.kv_tokens_per_rank},
          {"kv_tokens", ledger.kv_tokens}};
}

json FlagsJson(const PlannedConfiguration& planned) {
  json flags = json::array();
  for (const auto& flag : planned.flags) {
    json changes = json::object();
    for (const auto& change : flag.changes) {
      changes[change.field] = {{"without", change.without}, {"with", change.with}};
    }
    flags.push_back({{"words", flag.words},
                     {"changes", std::move(changes)},
                     {"no_effect", flag.HasNoEffect()},
                     {"needed", flag.needed ? json(*flag.needed) : json()}});
  }
  return flags;
}

json WinnerJson(const PlanReport& report) {
  const PlannedConfiguration& winner = report.winner;
  json rewritten = json::array();
  for (const auto& each : winner.rewritten) {
    if (!each.was_given) continue;
    rewritten.push_back({{"field", each.field},
                         {"asked", each.asked},
                         {"got", each.got},
                         {"rule", each.rule},
                         {"source", each.source}});
  }
  return {{"engine", winner.engine},
          {"arguments", winner.arguments},
          {"environment", report.request->environment},
          {"command", winner.command},
          {"prediction", OutcomeJson(winner.outcome)},
          {"ledger", LedgerJson(winner.ledger)},
          {"seconds", SplitJson(winner.split)},
          {"flags", FlagsJson(winner)},
          {"rewritten", std::move(rewritten)},
          {"is_calibrated", winner.is_calibrated},
          {"notes", Caveats(report)}};
}

json ReasonsJson(const std::vector<CountedReason>& reasons) {
  json list = json::array();
  for (const auto& reason : reasons) {
    list.push_back({{"reason", reason.text}, {"count", reason.count}});
  }
  return list;
}

json SearchJson(const PlanReport& report) {
  const SearchResult& search = *report.search;
  json no_ops = json::array();
  for (const NoOp& no_op : search.space.no_ops) {
    const SearchSpace& space = search.engines[no_op.space].space;
    no_ops.push_back({{"engine", space.engine},
                      {"words", space.axes[no_op.axis].values[no_op.value].words},
                      {"engine_runs_the_same", no_op.is_same_engine}});
  }
  return {{"combinations", search.space.num_combinations + search.num_in_layouts},
          {"in_layouts_that_cannot_run", search.num_in_layouts},
          {"layouts_that_cannot_run", ReasonsJson(search.layouts)},
          {"refused", search.space.num_refused},
          {"refusals", ReasonsJson(search.space.refusals)},
          {"duplicates", search.space.num_duplicates},
          {"distinct", search.num_distinct},
          {"does_not_run", search.num_unfit},
          {"does_not_run_reasons", ReasonsJson(search.unfit)},
          {"refined", search.num_refined},
          {"requests_of_all", report.ranking().screened_requests},
          {"requests_of_best", report.ranking().simulated_requests},
          {"no_ops", std::move(no_ops)},
          {"threads", report.request->options.num_threads},
          {"seconds", report.seconds}};
}

json ExplanationJson(const PlanReport& report) {
  if (!report.explanation) return {{"missing", report.no_explanation}};
  const Explanation& explanation = *report.explanation;
  json steps = json::array();
  for (const ExplanationStep& step : explanation.steps) {
    steps.push_back({{"change", step.change},
                     {"words", step.words},
                     {"gain", step.gain},
                     {"before", OutcomeJson(step.before)},
                     {"after", OutcomeJson(step.after)},
                     {"seconds_removed", SplitJson(step.removed)}});
  }
  return {{"baseline",
           {{"engine", explanation.baseline_engine},
            {"configuration", explanation.baseline},
            {"arguments", explanation.baseline_arguments},
            {"prediction", OutcomeJson(explanation.start)},
            {"seconds", SplitJson(SplitOf(explanation.start))}}},
          {"gain", BandedJson(explanation.gain)},
          {"steps", std::move(steps)}};
}

}  // namespace

json PlanJson(const PlanReport& report) {
  const PlanRequest& request = *report.request;
  json document = {{"model", request.model_path},
                   {"config", request.model.name},
                   {"hardware", FullName(request.hardware)},
                   {"workload", json::parse(spec::ToJson(request.workload))},
                   {"goal", NameOf(request.options.goal)},
                   {"slo_share", request.options.slo_share},
                   {report.search ? "winner" : "configuration", WinnerJson(report)}};
  if (!report.search) return document;
  const WorkloadRanking& ranking = report.ranking();
  json best = json::array();
  for (const size_t place : DistinctPlaces(ranking.ranking, kNumFinalists)) {
    best.push_back(RankedJson(report, ranking.ranking[place]));
  }
  document["ranking"] = std::move(best);
  const auto of_places = [&](const std::vector<size_t>& places) {
    json list = json::array();
    for (const size_t place : places) list.push_back(RankedJson(report, ranking.ranking[place]));
    return list;
  };
  document["frontier"] = of_places(ranking.frontier);
  document["cost_frontier"] = of_places(ranking.cost_frontier);
  document["explanation"] = ExplanationJson(report);
  document["search"] = SearchJson(report);
  return document;
}

}  // namespace redline::planner
