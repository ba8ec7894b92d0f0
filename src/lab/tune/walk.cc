// The scenario's order: engine, parallelism, parsers, context, KV dtype, attention backend, and
// then what it left alone: batches and chunks, speculation.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "lab/tune/strategies.h"

namespace redline::lab {
namespace {

// Tries every value of the axes of a stage against what stands; returns what then stands.
Result<TuneChoice> WalkStage(TuneRun& run, Stage stage, TuneChoice standing) {
  const TuneEngine& engine = run.space().engines[standing.engine];
  for (size_t axis = 0; axis < engine.space.axes.size(); ++axis) {
    if (engine.stages[axis] != stage) continue;
    const planner::Axis& each = engine.space.axes[axis];
    const size_t count = std::max<size_t>(each.num_coarse, each.values.size() == 2 ? 2 : 1);
    for (size_t value = 0; value < count; ++value) {
      if (run.IsStopped()) return Status(Code::kCancelled, "stopped");
      const auto index = static_cast<uint8_t>(value);
      if (standing.values[axis] == index || value == 0) continue;
      TuneChoice next = standing;
      next.values[axis] = index;
      RL_ASSIGN_OR_RETURN(
          const TuneStep* step,
          run.TryStep(stage,
                      ChangeText(run.space(), standing.engine, axis, standing.values[axis], index),
                      standing, next));
      if (step->accepted()) standing = next;
    }
  }
  return standing;
}

// Each engine with the parallelism that suits it, the best of them. The engine alone is compared at
// its defaults, too, as the scenario does it.
Result<TuneChoice> WalkEngines(TuneRun& run) {
  TuneChoice best = run.baseline();
  run.SetPhase("parallelism of " + run.space().engines[best.engine].space.engine);
  RL_ASSIGN_OR_RETURN(best, WalkStage(run, Stage::kParallelism, best));
  for (size_t engine = 0; engine < run.space().engines.size(); ++engine) {
    if (engine == run.baseline().engine) continue;
    const std::string& name = run.space().engines[engine].space.engine;
    const TuneChoice start = run.space().DefaultOf(engine);
    run.SetPhase("engine " + name);
    const size_t at = run.result().steps.size();
    RL_ASSIGN_OR_RETURN(
        const TuneStep* defaults,
        run.TryStep(Stage::kEngine,
                    fmt::format("engine: {} -> {}",
                                run.space().engines[run.baseline().engine].space.engine, name),
                    run.baseline(), start));
    if (defaults->outcome == StepOutcome::kFailed) continue;
    RL_ASSIGN_OR_RETURN(const TuneChoice own, WalkStage(run, Stage::kParallelism, start));
    RL_ASSIGN_OR_RETURN(Trial * incumbent, run.LookAhead(best));
    RL_ASSIGN_OR_RETURN(Trial * challenger, run.LookAhead(own));
    if (!run.HasBudgetFor(own, 2 * run.StepRules().least_rounds)) continue;
    RL_ASSIGN_OR_RETURN(const DuelResult duel, run.Duel(*incumbent, *challenger, run.StepRules()));
    TuneStep& step = run.result().steps[at];
    const bool is_better = duel.verdict == DuelVerdict::kBetter;
    step.reason = fmt::format("{}; with its best parallelism, over {}: {}", step.reason,
                              run.space().Describe(best), RatioText(duel));
    step.outcome = is_better                             ? StepOutcome::kAccepted
                   : duel.verdict == DuelVerdict::kWorse ? StepOutcome::kSlower
                                                         : StepOutcome::kNoDifferenceShown;
    if (is_better) best = own;
  }
  return best;
}

// Steps of an engine that was left are no part of the way to the winner.
void DropOthersSteps(TuneRun& run, size_t engine) {
  for (TuneStep& step : run.result().steps) {
    if (!step.accepted() || step.after.engine == engine) continue;
    step.outcome = StepOutcome::kSlower;
    step.reason += "; the engine was left for a faster one";
  }
}

}  // namespace

Status Walk(TuneRun& run, const TuneInputs&) {
  RL_ASSIGN_OR_RETURN(TuneChoice standing, WalkEngines(run));
  DropOthersSteps(run, standing.engine);
  for (const Stage stage : {Stage::kParsers, Stage::kContext, Stage::kKvDtype, Stage::kAttention,
                            Stage::kScheduling, Stage::kSpeculation}) {
    run.SetPhase(std::string(NameOf(stage)));
    RL_ASSIGN_OR_RETURN(standing, WalkStage(run, stage, standing));
  }
  RL_ASSIGN_OR_RETURN(Trial * trial, run.LookAhead(standing));
  RL_ASSIGN_OR_RETURN(const bool is_right, run.AnswersRightly(*trial));
  run.EndedBy("every axis was walked");
  return run.Conclude(is_right ? standing : run.baseline());
}

}  // namespace redline::lab
