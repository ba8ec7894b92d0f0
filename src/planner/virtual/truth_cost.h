// A machine that nobody has measured: a cost model whose operations are each slower or faster than
// they should be, with noise. Two seeds: one is the machine, the other the run.
#pragma once

#include <atomic>
#include <cstdint>

#include "planner/cost/explained_step_cost.h"

namespace redline::planner {

// The largest factor on an operation, and one over the smallest.
inline constexpr double kMostTruthFactor = 1.3;

// The factor of one operation on the machine of a seed: between 1 / 1.3 and 1.3, its logarithm
// evenly spread. The same for every model and configuration, as a machine's are.
double TruthFactor(uint64_t truth_seed, Operation operation);

struct TruthOptions {
  uint64_t truth_seed = 0;  // the machine; 0: operations take what the cost model says
  uint64_t run_seed = 0;    // the run
  // The standard deviation of a run's speed, and once more that of each of its steps, as a share.
  double noise = 0;
};

// Thread-safe. With noise, what a step takes depends on how many were asked for before it.
class TruthCost : public StepCost {
 public:
  // `cost` outlives it.
  TruthCost(const ExplainedStepCost& cost, const TruthOptions& options);

  double SecondsOf(std::span<const RankStep> ranks) const override;
  double run_factor() const { return run_factor_; }

 private:
  double DisturbedSeconds(std::span<const RankStep> ranks) const;

  const ExplainedStepCost& cost_;
  const TruthOptions options_;
  OperationTimes factors_;
  double run_factor_ = 1;
  mutable std::atomic<uint64_t> num_steps_ = 0;
};

}  // namespace redline::planner
