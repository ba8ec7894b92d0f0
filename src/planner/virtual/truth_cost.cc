#include "planner/virtual/truth_cost.h"

#include <algorithm>
#include <cmath>

#include "workload/random.h"

namespace redline::planner {
namespace {

using workload::RandomStream;
using workload::Stream;

// No noise makes a step take nothing, or many times as long as it should.
constexpr double kMostDeviations = 3;
constexpr uint64_t kWholeRun = UINT64_MAX;  // the index that is no step's

double NoiseFactor(const TruthOptions& options, uint64_t index) {
  const double deviations = RandomStream(options.run_seed, Stream::kNoise, index).Normal();
  return std::exp(options.noise * std::clamp(deviations, -kMostDeviations, kMostDeviations));
}

}  // namespace

double TruthFactor(uint64_t truth_seed, Operation operation) {
  if (truth_seed == 0) return 1;
  RandomStream random(truth_seed, Stream::kMachine, static_cast<uint64_t>(operation));
  return std::exp((2 * random.Uniform() - 1) * std::log(kMostTruthFactor));
}

TruthCost::TruthCost(const ExplainedStepCost& cost, const TruthOptions& options)
    : cost_(cost), options_(options) {
  for (size_t index = 0; index < kNumOperations; ++index) {
    factors_.seconds[index] = TruthFactor(options.truth_seed, static_cast<Operation>(index));
  }
  if (options.noise > 0) run_factor_ = NoiseFactor(options, kWholeRun);
}

double TruthCost::SecondsOf(std::span<const RankStep> ranks) const {
  const double seconds =
      options_.truth_seed == 0 ? cost_.SecondsOf(ranks) : DisturbedSeconds(ranks);
  if (options_.noise <= 0) return seconds;
  return seconds * run_factor_ * NoiseFactor(options_, num_steps_++);
}

// The operations' shares are scaled, not their sum: what the cost model adds up and what it says in
// all need not be the same to the last bit.
double TruthCost::DisturbedSeconds(std::span<const RankStep> ranks) const {
  const OperationTimes times = cost_.TimesOf(ranks);
  double disturbed = 0;
  for (size_t index = 0; index < kNumOperations; ++index) {
    disturbed += times.seconds[index] * factors_.seconds[index];
  }
  const double total = times.Total();
  return total > 0 ? cost_.SecondsOf(ranks) * disturbed / total : 0;
}

}  // namespace redline::planner
