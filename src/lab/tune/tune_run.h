// What all strategies do alike: look at a configuration, run it, compare two, ask for answers, keep
// within the budget, write down what became of it. One owner thread.
//
// Every decision follows from the options and from what the lab answered, so that a run that reads
// its lab's answers from a journal comes to where it was.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/tune/duel.h"
#include "lab/tune/trial_lab.h"
#include "lab/tune/tune_options.h"
#include "lab/tune/tune_result.h"

namespace redline::lab {

class TuneRun {
 public:
  // All outlive it.
  TuneRun(const TuneSpace& space, TrialLab& lab, const TuneOptions& options);

  // Runs it and asks for its answers, which the guard holds others against. kFailedPrecondition:
  // it does not run; there is nothing to compare with.
  Status MeasureBaseline(const TuneChoice& baseline);

  // Resolves it, and finds whether it comes to the same as another that was looked at.
  Result<Trial*> Look(const TuneChoice& choice);
  // Also forecasts it.
  Result<Trial*> LookAhead(const TuneChoice& choice);
  // One run, of a part of the workload where there are such. The value; 0: a fault, which is in its
  // trial.
  Result<double> RunOnce(Trial& trial);
  // Faults of either are in the result, and in its trial.
  Result<DuelResult> Duel(Trial& incumbent, Trial& challenger, const DuelRules& rules);
  DuelRules StepRules() const;
  DuelRules LastRules() const;
  // Whether it says what the baseline says; a configuration that does not gets that as its fault.
  Result<bool> AnswersRightly(Trial& trial);

  // Duels `after` with `before`; its outcome decides nothing by itself.
  Result<TuneStep> Compare(Stage stage, std::string change, const TuneChoice& before,
                           const TuneChoice& after);
  // The same, written down as a step.
  Result<TuneStep*> TryStep(Stage stage, std::string change, const TuneChoice& before,
                            const TuneChoice& after);
  // Of a step that is not measured.
  void AddStep(TuneStep step);

  // Whether there is time and leave for one more configuration of this engine, so that the last
  // comparison can still be made.
  bool HasBudgetFor(const TuneChoice& choice, int64_t num_runs) const;
  // What all would have taken after that.
  double SecondsWith(const TuneChoice& choice, int64_t num_runs) const;
  bool IsStopped() const { return options_.stop != nullptr && *options_.stop; }
  void SetPhase(const std::string& text);
  void EndedBy(std::string reason);

  // The last comparison: `winner` over the baseline, in fresh runs. Fills the result.
  Status Conclude(const TuneChoice& winner);

  double SecondsOfRun(size_t engine, bool is_short) const;
  double SecondsOfStart(const TuneChoice& choice) const;
  const TuneSpace& space() const { return space_; }
  const TuneOptions& options() const { return options_; }
  TuneResult& result() { return result_; }
  const TuneChoice& baseline() const { return result_.baseline; }
  // The mean of its runs of the whole workload, else of the short ones scaled as the baseline's
  // are; 0: none.
  double MeanValue(const Trial& trial) const;
  TuneResult TakeResult();

 private:
  Result<TrialRun> Measure(Trial& trial, const RunOrder& order);
  void Note(Trial& trial, const TrialRun& run, bool is_short);
  void Refit();
  bool WasStarted(const TuneChoice& choice) const;
  bool HasTrialsFor(const TuneChoice& left, const TuneChoice& right) const;
  void Tell(TuneEvent::Kind kind, std::string text) const;
  StepOutcome OutcomeOf(const DuelResult& duel) const;

  const TuneSpace& space_;
  TrialLab& lab_;
  const TuneOptions& options_;
  TuneResult result_;
  std::map<TuneChoice, Trial> trials_;
  std::map<std::string, TuneChoice> resolved_;  // the first configuration that comes to it
  std::vector<GuardAnswer> answers_;            // the baseline's
  std::map<size_t, double> run_seconds_;        // by engine, of the last whole run
  std::map<size_t, double> short_seconds_;
  std::map<size_t, double> start_seconds_;  // by engine, of the last start
  std::optional<TuneChoice> up_;            // what ran last
  uint64_t next_seed_;
};

// "sglang@...: tp 8 -> tp 8, attention dp 8": what of one axis changes.
std::string ChangeText(const TuneSpace& space, size_t engine, size_t axis, uint8_t before,
                       uint8_t after);

}  // namespace redline::lab
