#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "lab/tune/strategies.h"

namespace redline::lab {
namespace {

constexpr size_t kNumFinalists = 3;

// The axes that are not at their default, in the scenario's order.
std::vector<size_t> ChangedAxes(const TuneSpace& space, const TuneChoice& choice) {
  std::vector<size_t> axes;
  for (size_t axis = 0; axis < choice.values.size(); ++axis) {
    if (choice.values[axis] != 0) axes.push_back(axis);
  }
  const std::vector<Stage>& stages = space.engines[choice.engine].stages;
  std::stable_sort(axes.begin(), axes.end(),
                   [&](size_t left, size_t right) { return stages[left] < stages[right]; });
  return axes;
}

// The best by belief, and the best of the baseline's engine, so that a change of engine is shown.
std::vector<TuneChoice> Finalists(TuneRun& run, const std::vector<TuneChoice>& best_first) {
  std::vector<TuneChoice> finalists;
  bool has_baseline_engine = false;
  for (const TuneChoice& choice : best_first) {
    const bool is_of_baseline = choice.engine == run.baseline().engine;
    if (finalists.size() >= kNumFinalists && (has_baseline_engine || !is_of_baseline)) continue;
    finalists.push_back(choice);
    has_baseline_engine |= is_of_baseline;
  }
  return finalists;
}

struct Chosen {
  TuneChoice choice;
  std::string engine_proof;  // the best over the best of the baseline's engine
};

// Drops what answers wrongly, then lets the best meet the others.
Result<std::optional<Chosen>> ChooseAmong(TuneRun& run, const std::vector<TuneChoice>& finalists) {
  std::optional<Chosen> best;
  for (const TuneChoice& choice : finalists) {
    RL_ASSIGN_OR_RETURN(Trial * challenger, run.LookAhead(choice));
    RL_ASSIGN_OR_RETURN(const bool is_right, run.AnswersRightly(*challenger));
    if (!is_right) continue;
    if (!best) {
      best = Chosen{.choice = choice, .engine_proof = {}};
      continue;
    }
    if (!run.HasBudgetFor(choice, 2 * run.StepRules().least_rounds)) continue;
    RL_ASSIGN_OR_RETURN(Trial * incumbent, run.LookAhead(best->choice));
    RL_ASSIGN_OR_RETURN(const DuelResult duel, run.Duel(*incumbent, *challenger, run.StepRules()));
    if (duel.incumbent_failed || duel.verdict == DuelVerdict::kBetter) {
      best = Chosen{.choice = choice, .engine_proof = {}};
      run.result().ties.clear();
      continue;
    }
    if (duel.verdict == DuelVerdict::kNoDifferenceShown) run.result().ties.push_back(choice);
    if (choice.engine == run.baseline().engine && best->choice.engine != choice.engine) {
      best->engine_proof =
          fmt::format("the best of {} that was measured, over it: {}",
                      run.space().engines[choice.engine].space.engine, RatioText(duel));
    }
  }
  return best;
}

// The step from the baseline to the winner's engine at its default.
Status StepToEngine(TuneRun& run, const Chosen& chosen, const TuneChoice& start) {
  const std::string change =
      fmt::format("engine: {} -> {}", run.space().engines[run.baseline().engine].space.engine,
                  run.space().engines[start.engine].space.engine);
  RL_ASSIGN_OR_RETURN(TuneStep * step, run.TryStep(Stage::kEngine, change, run.baseline(), start));
  if (!step->accepted()) {
    // Taken for what its flags make of it.
    step->reason = "taken for what the next steps make of it; at its defaults: " + step->reason;
    step->outcome = StepOutcome::kAccepted;
  }
  if (!chosen.engine_proof.empty()) step->reason += "; " + chosen.engine_proof;
  return OkStatus();
}

// Builds the winner up from its engine's default; what shows no gain is left out. Without the
// budget for that it stays as it is.
Result<TuneChoice> BuildUp(TuneRun& run, const TuneChoice& winner) {
  TuneChoice built = run.space().DefaultOf(winner.engine);
  for (const size_t axis : ChangedAxes(run.space(), winner)) {
    TuneChoice next = built;
    next.values[axis] = winner.values[axis];
    RL_ASSIGN_OR_RETURN(
        const TuneStep* step,
        run.TryStep(run.space().engines[winner.engine].stages[axis],
                    ChangeText(run.space(), winner.engine, axis, 0, winner.values[axis]), built,
                    next));
    if (step->outcome == StepOutcome::kOutOfBudget) return winner;
    RL_ASSIGN_OR_RETURN(const Trial* incumbent, run.Look(built));
    // A default that does not run has to be left, whatever that brings.
    if (step->accepted() || incumbent->fault != TrialFault::kNone) built = next;
  }
  return built;
}

// Flags that bring nothing one by one, or harm, may bring something together. Without those of them
// that bring nothing even so.
Result<TuneChoice> TryTogether(TuneRun& run, const TuneChoice& built, const TuneChoice& chosen) {
  RL_ASSIGN_OR_RETURN(Trial * less, run.LookAhead(built));
  RL_ASSIGN_OR_RETURN(Trial * more, run.LookAhead(chosen));
  if (!run.HasBudgetFor(built, 2 * run.StepRules().least_rounds)) return chosen;
  RL_ASSIGN_OR_RETURN(const DuelResult duel, run.Duel(*less, *more, run.StepRules()));
  if (duel.verdict != DuelVerdict::kBetter && !duel.incumbent_failed) return built;
  TuneChoice together = chosen;
  std::vector<std::string> needed;
  for (const size_t axis : ChangedAxes(run.space(), chosen)) {
    if (built.values[axis] == chosen.values[axis]) continue;
    TuneChoice without = together;
    without.values[axis] = 0;
    const Stage stage = run.space().engines[chosen.engine].stages[axis];
    const std::string change = ChangeText(run.space(), chosen.engine, axis, 0, chosen.values[axis]);
    RL_ASSIGN_OR_RETURN(const TuneStep step, run.Compare(stage, change, without, together));
    if (step.outcome == StepOutcome::kNoDifferenceShown || step.outcome == StepOutcome::kSlower ||
        step.outcome == StepOutcome::kNoEffect) {
      together = without;
    } else {
      needed.push_back(change);
    }
  }
  if (together == built) return built;
  RL_ASSIGN_OR_RETURN(
      const TuneStep* step,
      run.TryStep(Stage::kScheduling, Join(needed, ", and ") + ", together", built, together));
  if (step->outcome == StepOutcome::kOutOfBudget) return chosen;
  return step->accepted() ? together : built;
}

}  // namespace

Status FinishWith(TuneRun& run, const std::vector<TuneChoice>& best_first) {
  run.SetPhase("the best few, in turns");
  RL_ASSIGN_OR_RETURN(const std::optional<Chosen> chosen,
                      ChooseAmong(run, Finalists(run, best_first)));
  if (!chosen || chosen->choice == run.baseline()) return run.Conclude(run.baseline());
  run.SetPhase("what each flag of the best one brings");
  const TuneChoice start = run.space().DefaultOf(chosen->choice.engine);
  if (start.engine != run.baseline().engine) RL_RETURN_IF_ERROR(StepToEngine(run, *chosen, start));
  RL_ASSIGN_OR_RETURN(TuneChoice winner, BuildUp(run, chosen->choice));
  if (winner != chosen->choice) {
    RL_ASSIGN_OR_RETURN(winner, TryTogether(run, winner, chosen->choice));
  }
  return run.Conclude(winner);
}

}  // namespace redline::lab
