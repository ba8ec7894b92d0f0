#include "planner/search/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace redline::planner {
namespace {

// The space to begin at.
size_t BaselineSpace(const Evaluator& evaluator, const Outcome& winner) {
  const auto& engines = evaluator.engines();
  for (size_t space = 0; space < engines.size(); ++space) {
    if (engines[space].space.engine.starts_with("vllm@")) return space;
  }
  return winner.candidate.space;
}

Result<Outcome> OutcomeOf(const Evaluator& evaluator, size_t workload, size_t space,
                          const Choice& choice) {
  if (evaluator.options().IsCancelled()) return Status(Code::kCancelled, "cancelled");
  RL_ASSIGN_OR_RETURN(const Candidate candidate, evaluator.CandidateOf(space, choice));
  return evaluator.InFull(candidate, workload);
}

// The engine's defaults in the first layout that runs.
Result<Outcome> DefaultsOf(const Evaluator& evaluator, size_t workload, size_t space) {
  const SearchSpace& axes = evaluator.engines()[space].space;
  std::optional<Status> first;
  for (size_t layout = 0; layout < axes.axes[0].values.size(); ++layout) {
    Choice choice(axes.axes.size(), 0);
    choice[0] = static_cast<uint8_t>(layout);
    auto outcome = OutcomeOf(evaluator, workload, space, choice);
    if (outcome.ok()) return outcome;
    if (!first) first = outcome.status();
  }
  return *first;
}

double Value(const Evaluator& evaluator, const Outcome& outcome) {
  return ValueOf(outcome.prediction, outcome.num_gpus, evaluator.options().goal);
}

ExplanationStep StepOf(const Evaluator& evaluator, std::string change,
                       std::vector<std::string> words, Outcome before, Outcome after) {
  ExplanationStep step{.change = std::move(change), .words = std::move(words)};
  step.gain = Value(evaluator, after) / std::max(Value(evaluator, before), 1e-12);
  const TimeSplit left = SplitOf(before);
  const TimeSplit right = SplitOf(after);
  step.removed.operations = left.operations;
  step.removed.operations.Add(right.operations, -1);
  step.removed.waiting_s = left.waiting_s - right.waiting_s;
  step.before = std::move(before);
  step.after = std::move(after);
  return step;
}

// The axis whose change to the winner's value gains the most now, and what it makes.
struct Move {
  size_t axis = 0;
  Outcome outcome;
};
std::optional<Move> BestMove(const Evaluator& evaluator, size_t workload, const Outcome& now,
                             const Choice& goal) {
  std::optional<Move> best;
  for (size_t axis = 0; axis < goal.size(); ++axis) {
    Choice choice = now.candidate.choice;
    if (choice[axis] == goal[axis]) continue;
    choice[axis] = goal[axis];
    auto outcome = OutcomeOf(evaluator, workload, now.candidate.space, choice);
    if (!outcome.ok()) continue;
    if (!best || Value(evaluator, *outcome) > Value(evaluator, best->outcome)) {
      best = Move{.axis = axis, .outcome = std::move(*outcome)};
    }
  }
  return best;
}

size_t NumDifferences(const Choice& left, const Choice& right) {
  size_t num_differences = 0;
  for (size_t axis = 0; axis < left.size(); ++axis) num_differences += left[axis] != right[axis];
  return num_differences;
}

void ChangeByChange(const Evaluator& evaluator, size_t workload, const Outcome& winner, Outcome now,
                    std::vector<ExplanationStep>& steps) {
  const SearchSpace& space = evaluator.engines()[winner.candidate.space].space;
  const Choice& goal = winner.candidate.choice;
  size_t to_go = NumDifferences(now.candidate.choice, goal);
  const size_t all = to_go;
  for (; to_go > 0; to_go = NumDifferences(now.candidate.choice, goal)) {
    evaluator.options().Report("explain", all - to_go, all);
    auto move = BestMove(evaluator, workload, now, goal);
    if (!move) {
      // None runs without the others.
      steps.push_back(StepOf(evaluator, "the rest together: " + Describe(space, goal),
                             ArgumentsOf(space, goal), std::move(now), winner));
      return;
    }
    const Axis& axis = space.axes[move->axis];
    const AxisValue& before = axis.values[now.candidate.choice[move->axis]];
    const AxisValue& after = axis.values[goal[move->axis]];
    steps.push_back(StepOf(evaluator,
                           fmt::format("{}: {} -> {}", axis.name, before.label, after.label),
                           after.words, std::move(now), move->outcome));
    now = std::move(move->outcome);
  }
}

// Half the width of the goal's band, as a logarithm.
double BandOf(const Outcome& outcome) {
  const Banded& tps = outcome.prediction.total_tps;
  return tps.value > 0 && tps.high > 0 ? std::log(tps.high / tps.value) : 0;
}

}  // namespace

TimeSplit SplitOf(const Outcome& outcome) {
  const EngineSettings& settings = outcome.candidate.settings;
  const int64_t ranks = settings.layout.attention_dp * settings.layout.replicas;
  // Engines that step alone have clocks of their own.
  const double engines = settings.ranks_in_lockstep ? 1 : static_cast<double>(ranks);
  TimeSplit split;
  split.operations.Add(outcome.prediction.seconds, 1 / engines);
  split.waiting_s = outcome.prediction.duration_s - split.operations.Total();
  return split;
}

Result<Explanation> Explain(const Evaluator& evaluator, size_t workload, const Outcome& winner) {
  Explanation explanation;
  const size_t space = BaselineSpace(evaluator, winner);
  auto start = DefaultsOf(evaluator, workload, space);
  if (!start.ok() && space != winner.candidate.space) {
    start = DefaultsOf(evaluator, workload, winner.candidate.space);
  }
  if (!start.ok()) return start.status().WithContext("the defaults do not run");
  explanation.start = *start;
  const SearchSpace& from = evaluator.engines()[start->candidate.space].space;
  explanation.baseline_engine = from.engine;
  explanation.baseline = Describe(from, start->candidate.choice);
  explanation.baseline_arguments = ArgumentsOf(from, start->candidate.choice);
  Outcome now = *start;
  if (now.candidate.space != winner.candidate.space) {
    auto defaults = DefaultsOf(evaluator, workload, winner.candidate.space);
    if (!defaults.ok()) defaults = winner;
    const SearchSpace& to = evaluator.engines()[winner.candidate.space].space;
    explanation.steps.push_back(StepOf(evaluator,
                                       fmt::format("engine: {} -> {} ({})", from.engine, to.engine,
                                                   Describe(to, defaults->candidate.choice)),
                                       {}, std::move(now), *defaults));
    now = std::move(*defaults);
  }
  ChangeByChange(evaluator, workload, winner, std::move(now), explanation.steps);
  const double gain =
      Value(evaluator, winner) / std::max(Value(evaluator, explanation.start), 1e-12);
  const double width = std::hypot(BandOf(winner), BandOf(explanation.start));
  explanation.gain = {
      .value = gain, .low = gain * std::exp(-width), .high = gain * std::exp(width)};
  return explanation;
}

}  // namespace redline::planner
