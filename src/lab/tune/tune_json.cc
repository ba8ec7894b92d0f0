#include <algorithm>
#include <nlohmann/json.hpp>

#include "lab/tune/tune_report.h"

namespace redline::lab {
namespace {

using nlohmann::json;

json ChoiceJson(const TuneResult& result, const TuneChoice& choice) {
  const TuneConfiguration configuration = result.space.ConfigurationOf(choice);
  json value = ToJson(configuration);
  value["text"] = TextOf(configuration);
  value["summary"] = result.space.Describe(choice);
  return value;
}

json StepJson(const TuneResult& result, const TuneStep& step) {
  json value = {{"stage", NameOf(step.stage)},
                {"change", step.change},
                {"accepted", step.accepted()},
                {"outcome", NameOf(step.outcome)},
                {"reason", step.reason},
                {"before", result.space.Describe(step.before)},
                {"after", result.space.Describe(step.after)},
                {"rounds", step.rounds}};
  const auto add = [&](const char* name, double number) {
    value[name] = number > 0 ? json(number) : json();
  };
  add("ratio", step.ratio);
  add("low", step.low);
  add("high", step.high);
  add("confidence", step.confidence);
  add("predicted_ratio", step.predicted_ratio.value_or(0));
  return value;
}

json RunsJson(const std::vector<TrialRun>& runs) {
  json all = json::array();
  for (const TrialRun& run : runs) all.push_back(ToJson(run));
  return all;
}

json TrialJson(const TuneResult& result, const Trial& trial) {
  json value = {{"number", trial.number},       {"configuration", ChoiceJson(result, trial.choice)},
                {"fault", NameOf(trial.fault)}, {"reason", trial.reason},
                {"runs", RunsJson(trial.runs)}, {"short_runs", RunsJson(trial.short_runs)},
                {"guard", trial.guard},         {"notes", trial.notes},
                {"same_as", trial.same_as},     {"resolved", trial.resolved}};
  if (trial.forecast) {
    value["forecast"] = {{"value", trial.forecast->value},
                         {"low", trial.forecast->low},
                         {"high", trial.forecast->high}};
  }
  return value;
}

json DuelJson(const DuelResult& duel) {
  return {{"ratio", duel.ratio},        {"low", duel.low},
          {"high", duel.high},          {"confidence", duel.confidence},
          {"baseline", duel.incumbent}, {"winner", duel.challenger},
          {"reason", duel.reason}};
}

}  // namespace

json ToJson(const TuneReport& report) {
  const TuneResult& result = report.result;
  json steps = json::array();
  for (const TuneStep& step : result.steps) steps.push_back(StepJson(result, step));
  json trials = json::array();
  for (const Trial& trial : result.trials) trials.push_back(TrialJson(result, trial));
  json ties = json::array();
  for (const TuneChoice& tie : result.ties) ties.push_back(ChoiceJson(result, tie));
  json refit = json::array();
  for (const RefitFactor& factor : result.refit)
    refit.push_back({{"of", factor.of}, {"factor", factor.factor}});
  // The baseline over itself is 1, and sure.
  const bool has = result.has_winner;
  return {{"model", report.model},
          {"workload", report.workload_name},
          {"workload_spec", report.workload},
          {"hardware", report.hardware},
          {"virtual", report.is_virtual},
          {"strategy", NameOf(result.strategy)},
          {"goal", NameOf(result.goal)},
          {"has_winner", has},
          {"winner", ChoiceJson(result, result.winner)},
          {"baseline", ChoiceJson(result, result.baseline)},
          {"ratio", has ? result.last.ratio : 1.0},
          {"low", has ? result.last.low : 1.0},
          {"high", has ? result.last.high : 1.0},
          {"confidence", result.last.confidence},
          {"last_comparison", DuelJson(result.last)},
          {"trials", result.num_trials},
          {"seconds", result.seconds},
          {"complete", result.is_complete},
          {"ended_by", result.ended_by},
          {"steps", std::move(steps)},
          {"ties", std::move(ties)},
          {"trial_log", std::move(trials)},
          {"refit", std::move(refit)},
          {"command", report.command_line},
          {"publish", report.publish_command},
          {"environment", report.environment},
          {"date", report.date}};
}

}  // namespace redline::lab
