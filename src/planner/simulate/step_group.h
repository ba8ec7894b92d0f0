// Ranks that step together, and their step that runs. One group of all ranks in lockstep; else one
// for each rank. Used by the simulator and by virtual engines.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "planner/simulate/engine_scheduler.h"
#include "planner/simulate/simulation_result.h"

namespace redline::planner {

class StepGroup {
 public:
  static constexpr double kIdle = std::numeric_limits<double>::infinity();
  static constexpr int64_t kAllRanks = -1;

  StepGroup(EngineScheduler& engine, int64_t rank) : engine_(engine), rank_(rank) {}

  // Empty: there is nothing to run.
  std::span<const RankStep> NextStep();
  void Complete(std::vector<RequestEvent>* events);

  double end_s() const { return end_s_; }
  bool is_idle() const { return end_s_ == kIdle; }
  void set_end_s(double end_s) { end_s_ = end_s; }

 private:
  EngineScheduler& engine_;
  const int64_t rank_;
  RankStep step_;
  double end_s_ = kIdle;
};

// Adds one engine step to the totals of its kind.
void CountStep(std::span<const RankStep> ranks, double seconds, SimulationResult& result);

}  // namespace redline::planner
