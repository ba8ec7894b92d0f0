#include "lab/tune/tune.h"

#include <fmt/format.h>

#include <array>

#include "base/strings.h"
#include "lab/tune/strategies.h"

namespace redline::lab {
namespace {

struct StrategyRow {
  Strategy strategy;
  std::string_view name;
  Status (*run)(TuneRun& run, const TuneInputs& inputs);
};
constexpr std::array<StrategyRow, 3> kStrategies = {{
    {Strategy::kRace, "race", Race},
    {Strategy::kWalk, "walk", Walk},
    {Strategy::kRandom, "random", DrawAtRandom},
}};

constexpr std::array<std::pair<TuneGoal, std::string_view>, 2> kGoals = {
    {{TuneGoal::kThroughput, "throughput"}, {TuneGoal::kLatency, "latency"}}};

constexpr std::array<std::pair<StepOutcome, std::string_view>, 6> kOutcomes = {{
    {StepOutcome::kAccepted, "accepted"},
    {StepOutcome::kNoEffect, "no_effect"},
    {StepOutcome::kNoDifferenceShown, "no_difference_shown"},
    {StepOutcome::kSlower, "slower"},
    {StepOutcome::kFailed, "failed"},
    {StepOutcome::kOutOfBudget, "out_of_budget"},
}};

}  // namespace

Result<Strategy> StrategyFromName(std::string_view name) {
  for (const StrategyRow& row : kStrategies) {
    if (row.name == name) return row.strategy;
  }
  return InvalidArgument(fmt::format("--strategy {} is none of race, walk, random", Excerpt(name)),
                         "strategy");
}

std::string_view NameOf(Strategy strategy) {
  for (const StrategyRow& row : kStrategies) {
    if (row.strategy == strategy) return row.name;
  }
  return "";
}

Result<TuneGoal> TuneGoalFromName(std::string_view name) {
  for (const auto& [goal, each] : kGoals) {
    if (each == name) return goal;
  }
  return InvalidArgument(fmt::format("--goal {} is none of throughput, latency", Excerpt(name)),
                         "goal");
}

std::string_view NameOf(TuneGoal goal) {
  for (const auto& [each, name] : kGoals) {
    if (each == goal) return name;
  }
  return "";
}

std::string_view NameOf(StepOutcome outcome) {
  for (const auto& [each, name] : kOutcomes) {
    if (each == outcome) return name;
  }
  return "";
}

double ValueOf(const TrialRun& run, TuneGoal goal) {
  const auto found = run.figures.find(goal == TuneGoal::kThroughput ? "total_tps" : "e2e_ms.mean");
  if (found == run.figures.end() || !(found->second > 0)) return 0;
  return goal == TuneGoal::kThroughput ? found->second : 1000 / found->second;
}

const Trial* TuneResult::Find(const TuneChoice& choice) const {
  for (const Trial& trial : trials) {
    if (trial.choice == choice) return &trial;
  }
  return nullptr;
}

Result<TuneResult> Tune(const TuneInputs& inputs, TrialLab& lab, const TuneOptions& options) {
  TuneRun run(inputs.space, lab, options);
  Status status = run.MeasureBaseline(inputs.space.DefaultOf(inputs.baseline_engine));
  if (status.ok()) {
    for (const StrategyRow& row : kStrategies) {
      if (row.strategy == options.strategy) status = row.run(run, inputs);
    }
  }
  if (status.code() == Code::kCancelled) {
    run.result().is_complete = false;
    run.EndedBy("stopped");
    status = OkStatus();
  }
  RL_RETURN_IF_ERROR(status);
  return run.TakeResult();
}

}  // namespace redline::lab
