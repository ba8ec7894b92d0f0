// What a configuration of the search would do under the workloads. Immutable after it is made; any
// thread may ask.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "planner/engines/engine_plan.h"
#include "planner/search/search.h"
#include "workload/request_plan.h"

namespace redline::planner {

enum class Extent { kScreen, kFull };

struct PlannedCandidate {
  const Candidate* candidate = nullptr;
  const EnginePlan* plan = nullptr;
};

class Evaluator {
 public:
  // All that is given outlives this.
  static Result<Evaluator> Make(const SearchSubject& subject,
                                const std::vector<spec::WorkloadSpec>& workloads,
                                const std::vector<SearchedEngine>& engines,
                                const SearchOptions& options);

  // kInvalidArgument, kFailedPrecondition where it cannot run.
  Result<EnginePlan> PlanOf(const Candidate& candidate) const;
  // Also where a search would not propose it: it leaves too little memory.
  Result<EnginePlan> RoomyPlanOf(const Candidate& candidate) const;
  // For each plan one outcome of each workload; where nothing can run, the reason. The plans differ
  // in their limit on running requests alone, the highest first: a limit that the one before never
  // reached changes nothing, and is not simulated again.
  using Outcomes = std::vector<Result<Outcome>>;
  std::vector<Outcomes> Screen(std::span<const PlannedCandidate> group) const;
  Result<Outcome> ScreenOne(const Candidate& candidate, size_t workload) const;
  // With the time by operation.
  Result<Outcome> InFull(const Candidate& candidate, size_t workload) const;
  // kFailedPrecondition where the engine would refuse.
  Result<Candidate> CandidateOf(size_t space, const Choice& choice) const;

  int64_t NumRequests(size_t workload, Extent extent) const;
  const std::vector<SearchedEngine>& engines() const { return *engines_; }
  const SearchOptions& options() const { return *options_; }

 private:
  struct Requests {
    spec::WorkloadSpec workload;
    std::unique_ptr<workload::RequestPlan> plan;
  };
  struct WorkloadRequests {
    Requests screen;
    Requests full;
  };

  Evaluator() = default;
  Result<Outcome> Simulate(const Candidate& candidate, const EnginePlan& plan,
                           const Requests& requests, bool explains) const;

  const SearchOptions* options_ = nullptr;
  const std::vector<SearchedEngine>* engines_ = nullptr;
  PlanInputs inputs_;
  std::unique_ptr<StepCostCache> cost_cache_;
  std::optional<double> usd_per_gpu_hour_;
  std::vector<WorkloadRequests> requests_;
};

}  // namespace redline::planner
