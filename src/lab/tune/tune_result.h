// What a run found. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lab/tune/duel.h"
#include "lab/tune/trial.h"
#include "lab/tune/tune_options.h"
#include "lab/tune/tune_space.h"

namespace redline::lab {

// Everything that became of one configuration.
struct Trial {
  int64_t number = 0;  // in the order of their first runs, from 1; 0: never started
  TuneChoice choice;
  TrialFault fault = TrialFault::kNone;
  std::string reason;  // of the fault
  std::optional<Forecast> forecast;
  std::vector<TrialRun> runs;        // of the whole workload
  std::vector<TrialRun> short_runs;  // of a part of it
  std::string guard;                 // what the quality guard said; "": not asked
  std::vector<std::string> notes;    // what the engine would change or warn of
  std::string resolved;              // what it resolves to; equal: the engine would run the same
  std::string same_as;               // the first that resolves to the same; "": it is the first
};

// Why a step was not taken, or what it brought.
enum class StepOutcome {
  kAccepted,
  kNoEffect,  // resolves to the same
  kNoDifferenceShown,
  kSlower,
  kFailed,  // refused, does not fit, crashed, hung, wrong answers
  kOutOfBudget,
};
std::string_view NameOf(StepOutcome outcome);  // "no_effect"

struct TuneStep {
  Stage stage = Stage::kEngine;
  std::string change;  // "layout: tp 8 -> tp 8, attention dp 8"
  TuneChoice before;
  TuneChoice after;
  StepOutcome outcome = StepOutcome::kAccepted;
  std::string reason;  // a sentence
  double ratio = 0;    // after / before; 0: not measured
  double low = 0;
  double high = 0;
  double confidence = 0;
  int64_t rounds = 0;
  std::optional<double> predicted_ratio;

  bool accepted() const { return outcome == StepOutcome::kAccepted; }
};

// The forecasts, refitted by the run: measured over forecast, of an engine or of an operation.
struct RefitFactor {
  std::string of;  // "sglang@0.5.6.post2", "operation attention"
  double factor = 1;
};

struct TuneResult {
  TuneSpace space;
  Strategy strategy = Strategy::kRace;
  TuneGoal goal = TuneGoal::kThroughput;
  TuneChoice baseline;
  TuneChoice winner;        // the baseline where nothing was shown to be better
  DuelResult last;          // winner over baseline, in runs that nothing was chosen by
  bool has_winner = false;  // whether its interval excludes 1
  std::vector<TuneStep> steps;
  std::vector<Trial> trials;       // in the order of their first runs, then those never started
  std::vector<TuneChoice> ties;    // that were not shown to be different from the winner
  std::vector<RefitFactor> refit;  // empty: nobody forecast
  int64_t num_trials = 0;          // configurations that were started
  double seconds = 0;              // of all runs
  bool is_complete = true;         // false: stopped, or out of budget before the last comparison
  std::string ended_by;            // in words: "nothing promises more than 1%", "--max-trials 40"

  const Trial* Find(const TuneChoice& choice) const;
};

}  // namespace redline::lab
