// What a run is asked for. Plain values; what is pointed to outlives the run.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "lab/tune/belief.h"

namespace redline::lab {

enum class Strategy {
  kRace,    // guided by the planner, as it is refitted by what was measured
  kWalk,    // the scenario's order, one axis after the other
  kRandom,  // the control
};
Result<Strategy> StrategyFromName(std::string_view name);
std::string_view NameOf(Strategy strategy);

enum class TuneGoal {
  kThroughput,  // total_tps
  kLatency,     // 1000 / e2e_ms.mean: requests one after the other in a second
};
Result<TuneGoal> TuneGoalFromName(std::string_view name);
std::string_view NameOf(TuneGoal goal);
// Higher is better; 0: the run has no such figure.
double ValueOf(const TrialRun& run, TuneGoal goal);

// What is being done, for whoever watches.
struct TuneEvent {
  enum class Kind { kPhase, kTrial, kStep };
  Kind kind = Kind::kPhase;
  std::string text;            // one line
  double elapsed_seconds = 0;  // of trials, earlier sittings included
  double most_seconds = 0;
  int64_t num_trials = 0;
};

struct TuneOptions {
  Strategy strategy = Strategy::kRace;
  TuneGoal goal = TuneGoal::kThroughput;
  double most_seconds = 3600;  // of trials on the machine they run on; virtual ones: its own
  int64_t most_trials = 40;    // configurations that are started; the baseline is one
  int64_t repeats = 5;         // rounds of the last comparison
  int64_t most_rounds = 7;     // of the others
  double effect = 0.02;        // gains below it are not looked for
  double confidence = 0.95;    // of the last comparison; the steps' is 0.99
  uint64_t seed = 1;
  bool has_short_runs = true;  // a configuration's first run is a part of the workload
  BeliefScales scales;
  std::function<void(const TuneEvent&)> on_event;
  const std::atomic<bool>* stop = nullptr;
};

}  // namespace redline::lab
