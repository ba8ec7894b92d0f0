#include "lab/tune/tune_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "lab/tune/duel_rounds.h"
#include "lab/tune/guard.h"
#include "planner/cost/operation.h"

namespace redline::lab {
namespace {

constexpr double kStepConfidence = 0.99;

double MeanOf(const std::vector<TrialRun>& runs, TuneGoal goal) {
  double sum = 0;
  double count = 0;
  for (const TrialRun& run : runs) {
    const double value = ValueOf(run, goal);
    if (value <= 0) continue;
    sum += std::log(value);
    ++count;
  }
  return count > 0 ? std::exp(sum / count) : 0;
}

double Known(const std::map<size_t, double>& seconds, size_t engine) {
  const auto found = seconds.find(engine);
  return found == seconds.end() ? 0 : found->second;
}

}  // namespace

std::string ChangeText(const TuneSpace& space, size_t engine, size_t axis, uint8_t before,
                       uint8_t after) {
  const planner::Axis& each = space.engines[engine].space.axes[axis];
  return fmt::format("{}: {} -> {}", each.name, each.values[before].label,
                     each.values[after].label);
}

TuneRun::TuneRun(const TuneSpace& space, TrialLab& lab, const TuneOptions& options)
    : space_(space), lab_(lab), options_(options), next_seed_(options.seed) {
  result_.space = space;
  result_.strategy = options.strategy;
  result_.goal = options.goal;
}

void TuneRun::Tell(TuneEvent::Kind kind, std::string text) const {
  if (!options_.on_event) return;
  options_.on_event({.kind = kind,
                     .text = std::move(text),
                     .elapsed_seconds = result_.seconds,
                     .most_seconds = options_.most_seconds,
                     .num_trials = result_.num_trials});
}

void TuneRun::SetPhase(const std::string& text) { Tell(TuneEvent::Kind::kPhase, text); }

void TuneRun::EndedBy(std::string reason) {
  if (result_.ended_by.empty()) result_.ended_by = std::move(reason);
}

Status TuneRun::MeasureBaseline(const TuneChoice& baseline) {
  result_.baseline = result_.winner = baseline;
  SetPhase("baseline: " + space_.Describe(baseline));
  RL_ASSIGN_OR_RETURN(Trial * trial, LookAhead(baseline));
  const auto failed = [&] {
    return FailedPrecondition(fmt::format(
        "the baseline, {}, does not run ({}: {}); name other --engines, the first is the baseline",
        space_.Describe(baseline), NameOf(trial->fault), trial->reason));
  };
  if (trial->fault != TrialFault::kNone) return failed();
  if (options_.has_short_runs) {
    RL_ASSIGN_OR_RETURN(const TrialRun short_run,
                        Measure(*trial, {.seed = next_seed_++, .is_short = true}));
    if (short_run.fault != TrialFault::kNone) return failed();
  }
  RL_ASSIGN_OR_RETURN(const TrialRun run, Measure(*trial, {.seed = next_seed_++}));
  if (run.fault != TrialFault::kNone) return failed();
  RL_ASSIGN_OR_RETURN(const GuardRun guard, lab_.Answer(space_.ConfigurationOf(baseline)));
  result_.seconds += guard.seconds;
  if (guard.fault != TrialFault::kNone) {
    trial->fault = guard.fault;
    trial->reason = guard.reason;
    return failed();
  }
  answers_ = guard.answers;
  trial->guard = "the others are held against its answers";
  return OkStatus();
}

Result<Trial*> TuneRun::Look(const TuneChoice& choice) {
  if (const auto found = trials_.find(choice); found != trials_.end()) return &found->second;
  RL_ASSIGN_OR_RETURN(const Checked checked, lab_.Check(space_.ConfigurationOf(choice)));
  Trial trial{.choice = choice,
              .fault = checked.fault,
              .reason = checked.reason,
              .notes = checked.notes,
              .resolved = checked.resolved};
  if (trial.fault == TrialFault::kNone && !checked.resolved.empty()) {
    const auto [first, is_new] = resolved_.try_emplace(
        space_.engines[choice.engine].space.engine + checked.resolved, choice);
    if (!is_new) trial.same_as = space_.Describe(first->second);
  }
  return &trials_.emplace(choice, std::move(trial)).first->second;
}

Result<Trial*> TuneRun::LookAhead(const TuneChoice& choice) {
  RL_ASSIGN_OR_RETURN(Trial * trial, Look(choice));
  if (trial->forecast || trial->fault != TrialFault::kNone) return trial;
  RL_ASSIGN_OR_RETURN(trial->forecast, lab_.Predict(space_.ConfigurationOf(choice)));
  return trial;
}

void TuneRun::Note(Trial& trial, const TrialRun& run, bool is_short) {
  result_.seconds += run.seconds;
  up_ = trial.choice;
  const size_t engine = trial.choice.engine;
  if (run.start_seconds > 0) start_seconds_[engine] = run.start_seconds;
  if (run.fault != TrialFault::kNone) {
    trial.fault = run.fault;
    trial.reason = run.reason;
    return;
  }
  (is_short ? short_seconds_ : run_seconds_)[engine] = run.seconds - run.start_seconds;
  (is_short ? trial.short_runs : trial.runs).push_back(run);
}

Result<TrialRun> TuneRun::Measure(Trial& trial, const RunOrder& order) {
  if (IsStopped()) return Status(Code::kCancelled, "stopped");
  if (trial.number == 0) trial.number = ++result_.num_trials;
  RL_ASSIGN_OR_RETURN(TrialRun run, lab_.Measure(space_.ConfigurationOf(trial.choice), order));
  if (run.fault == TrialFault::kNone && ValueOf(run, options_.goal) <= 0) {
    run.fault = TrialFault::kInvalid;
    run.reason = "no request was answered";
  }
  Note(trial, run, order.is_short);
  Tell(TuneEvent::Kind::kTrial,
       run.fault == TrialFault::kNone
           ? fmt::format("{} {}: {:.1f}", space_.Describe(trial.choice),
                         order.is_short ? "(short)" : "", ValueOf(run, options_.goal))
           : fmt::format("{}: {}: {}", space_.Describe(trial.choice), NameOf(run.fault),
                         run.reason));
  return run;
}

Result<double> TuneRun::RunOnce(Trial& trial) {
  RL_ASSIGN_OR_RETURN(const TrialRun run,
                      Measure(trial, {.seed = next_seed_++, .is_short = options_.has_short_runs}));
  return run.fault == TrialFault::kNone ? ValueOf(run, options_.goal) : 0;
}

DuelRules TuneRun::StepRules() const {
  return {.confidence = kStepConfidence,
          .most_rounds = options_.most_rounds,
          .effect = options_.effect};
}

DuelRules TuneRun::LastRules() const {
  const int64_t rounds = std::max<int64_t>(options_.repeats, 3);
  return {.confidence = options_.confidence,
          .least_rounds = rounds,
          .most_rounds = rounds,
          .stops_early = false,
          .effect = options_.effect};
}

Result<DuelResult> TuneRun::Duel(Trial& incumbent, Trial& challenger, const DuelRules& rules) {
  return RunDuel(rules, options_.goal,
                 {.next_seed = [&] { return next_seed_++; },
                  .measure =
                      [&](DuelSide side, const RunOrder& order) {
                        return Measure(side == DuelSide::kChallenger ? challenger : incumbent,
                                       order);
                      },
                  .is_out_of_time = [&] { return result_.seconds >= options_.most_seconds; }});
}

Result<bool> TuneRun::AnswersRightly(Trial& trial) {
  if (trial.fault != TrialFault::kNone) return false;
  if (!trial.guard.empty()) return true;
  RL_ASSIGN_OR_RETURN(const GuardRun run, lab_.Answer(space_.ConfigurationOf(trial.choice)));
  result_.seconds += run.seconds;
  if (run.fault != TrialFault::kNone) {
    trial.fault = run.fault;
    trial.reason = run.reason;
    return false;
  }
  const GuardVerdict verdict = CompareAnswers(answers_, run.answers);
  trial.guard = verdict.reason;
  if (verdict.agrees) return true;
  trial.fault = TrialFault::kWrongAnswers;
  trial.reason = verdict.reason;
  Tell(TuneEvent::Kind::kTrial,
       fmt::format("{}: wrong answers: {}", space_.Describe(trial.choice), verdict.reason));
  return false;
}

StepOutcome TuneRun::OutcomeOf(const DuelResult& duel) const {
  switch (duel.verdict) {
    case DuelVerdict::kBetter:
      return StepOutcome::kAccepted;
    case DuelVerdict::kWorse:
      return StepOutcome::kSlower;
    case DuelVerdict::kNoDifferenceShown:
      return StepOutcome::kNoDifferenceShown;
    case DuelVerdict::kFault:
      return StepOutcome::kFailed;
    case DuelVerdict::kOutOfBudget:
      break;
  }
  return StepOutcome::kOutOfBudget;
}

void TuneRun::AddStep(TuneStep step) {
  Tell(TuneEvent::Kind::kStep, fmt::format("{} {}: {}", step.accepted() ? "accepted" : "not taken",
                                           step.change, step.reason));
  result_.steps.push_back(std::move(step));
}

Result<TuneStep*> TuneRun::TryStep(Stage stage, std::string change, const TuneChoice& before,
                                   const TuneChoice& after) {
  RL_ASSIGN_OR_RETURN(TuneStep step, Compare(stage, std::move(change), before, after));
  AddStep(std::move(step));
  return &result_.steps.back();
}

Result<TuneStep> TuneRun::Compare(Stage stage, std::string change, const TuneChoice& before,
                                  const TuneChoice& after) {
  TuneStep step{.stage = stage, .change = std::move(change), .before = before, .after = after};
  RL_ASSIGN_OR_RETURN(Trial * incumbent, LookAhead(before));
  RL_ASSIGN_OR_RETURN(Trial * challenger, LookAhead(after));
  if (incumbent->forecast && challenger->forecast && incumbent->forecast->value > 0)
    step.predicted_ratio = challenger->forecast->value / incumbent->forecast->value;
  if (challenger->fault != TrialFault::kNone) {
    step.outcome = StepOutcome::kFailed;
    step.reason = fmt::format("{}: {}", NameOf(challenger->fault), challenger->reason);
  } else if (before.engine == after.engine && !challenger->resolved.empty() &&
             challenger->resolved == incumbent->resolved) {
    step.outcome = StepOutcome::kNoEffect;
    step.reason = "no effect: the engine resolves to the same with and without it";
  } else if (!HasBudgetFor(after, 2 * StepRules().least_rounds) || !HasTrialsFor(before, after)) {
    step.outcome = StepOutcome::kOutOfBudget;
    step.reason = "not measured: the budget is spent";
  } else {
    RL_ASSIGN_OR_RETURN(const DuelResult duel, Duel(*incumbent, *challenger, StepRules()));
    step.outcome = OutcomeOf(duel);
    step.reason = duel.reason;
    step.ratio = duel.ratio;
    step.low = duel.low;
    step.high = duel.high;
    step.confidence = duel.confidence;
    step.rounds = static_cast<int64_t>(duel.challenger.size());
    if (step.accepted()) {
      RL_ASSIGN_OR_RETURN(const bool is_right, AnswersRightly(*challenger));
      if (!is_right) {
        step.outcome = StepOutcome::kFailed;
        step.reason = fmt::format("{}: {}", NameOf(challenger->fault), challenger->reason);
      }
    }
  }
  return step;
}

double TuneRun::SecondsOfRun(size_t engine, bool is_short) const {
  const double known = Known(is_short ? short_seconds_ : run_seconds_, engine);
  if (known > 0) return known;
  return Known(is_short ? short_seconds_ : run_seconds_, result_.baseline.engine);
}

double TuneRun::SecondsOfStart(const TuneChoice& choice) const {
  if (up_ == choice) return 0;
  const double known = Known(start_seconds_, choice.engine);
  return known > 0 ? known : lab_.StartSeconds(space_.ConfigurationOf(choice));
}

bool TuneRun::WasStarted(const TuneChoice& choice) const {
  const auto found = trials_.find(choice);
  return found != trials_.end() && found->second.number > 0;
}

bool TuneRun::HasTrialsFor(const TuneChoice& left, const TuneChoice& right) const {
  const int64_t num_new = !WasStarted(left) + !WasStarted(right);
  return result_.num_trials + num_new <= options_.most_trials;
}

bool TuneRun::HasBudgetFor(const TuneChoice& choice, int64_t num_runs) const {
  if (!WasStarted(choice) && result_.num_trials >= options_.most_trials) return false;
  return SecondsWith(choice, num_runs) <= options_.most_seconds;
}

double TuneRun::SecondsWith(const TuneChoice& choice, int64_t num_runs) const {
  const double run = SecondsOfRun(choice.engine, false);
  const double next = SecondsOfStart(choice) + static_cast<double>(num_runs) * run;
  const double last =
      SecondsOfStart(result_.baseline) +
      static_cast<double>(options_.repeats) * (run + SecondsOfRun(result_.baseline.engine, false));
  return result_.seconds + next + last;
}

double TuneRun::MeanValue(const Trial& trial) const {
  if (const double mean = MeanOf(trial.runs, options_.goal); mean > 0) return mean;
  const double mean = MeanOf(trial.short_runs, options_.goal);
  const auto found = trials_.find(result_.baseline);
  if (mean <= 0 || found == trials_.end()) return 0;
  const double baseline_short = MeanOf(found->second.short_runs, options_.goal);
  const double baseline_whole = MeanOf(found->second.runs, options_.goal);
  return baseline_short > 0 && baseline_whole > 0 ? mean * baseline_whole / baseline_short : mean;
}

Status TuneRun::Conclude(const TuneChoice& winner) {
  result_.winner = winner;
  if (winner == result_.baseline) {
    EndedBy("nothing was shown to be better than the baseline");
    return OkStatus();
  }
  SetPhase("last comparison: " + space_.Describe(winner) + " over the baseline");
  RL_ASSIGN_OR_RETURN(Trial * before, LookAhead(result_.baseline));
  RL_ASSIGN_OR_RETURN(Trial * after, LookAhead(winner));
  RL_ASSIGN_OR_RETURN(result_.last, Duel(*before, *after, LastRules()));
  result_.has_winner = result_.last.verdict == DuelVerdict::kBetter;
  if (result_.last.verdict == DuelVerdict::kOutOfBudget) result_.is_complete = false;
  if (!result_.has_winner) {
    EndedBy(fmt::format("{} was not shown to be better than the baseline in the last comparison",
                        space_.Describe(winner)));
    result_.winner = result_.baseline;
  }
  return OkStatus();
}

void TuneRun::Refit() {
  Belief belief(options_.scales);
  size_t num_operations = 0;
  std::set<size_t> engines;
  for (const auto& [choice, trial] : trials_) {
    if (!trial.forecast || MeanValue(trial) <= 0) continue;
    belief.Observe({.choice = choice, .forecast = trial.forecast}, MeanValue(trial));
    num_operations = std::max(num_operations, trial.forecast->shares.size());
    engines.insert(choice.engine);
  }
  for (const size_t engine : engines)
    result_.refit.push_back({space_.engines[engine].space.engine, belief.EngineFactor(engine)});
  for (size_t operation = 0; operation < num_operations; ++operation) {
    result_.refit.push_back(
        {fmt::format("operation {}", planner::NameOf(static_cast<planner::Operation>(operation))),
         belief.OperationFactor(operation)});
  }
}

TuneResult TuneRun::TakeResult() {
  Refit();
  for (const auto& [choice, trial] : trials_) result_.trials.push_back(trial);
  std::stable_sort(result_.trials.begin(), result_.trials.end(),
                   [](const Trial& left, const Trial& right) {
                     const auto place = [](const Trial& trial) {
                       return trial.number > 0 ? trial.number : INT64_MAX;
                     };
                     return place(left) < place(right);
                   });
  return std::move(result_);
}

}  // namespace redline::lab
