// What a configuration of the search would do under the workloads. Immutable after it is made; any
// thread may ask.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "planner/engines/engine_plan.h"
#include "planner/search/search.h"
#include "workload/request_plan.h"

namespace redline::planner {

enum class Extent { kScreen, kFull };

class Evaluator {
 public:
  // All that is given outlives this.
  static Result<Evaluator> Make(const SearchSubject& subject,
                                const std::vector<spec::WorkloadSpec>& workloads,
                                const std::vector<SearchedEngine>& engines,
                                const SearchOptions& options);

  // One for each workload; a workload under which nothing can run has its reason.
  std::vector<Result<Outcome>> Screen(const Candidate& candidate) const;
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
  Result<EnginePlan> PlanOf(const Candidate& candidate) const;
  Result<Outcome> Simulate(const Candidate& candidate, const EnginePlan& plan,
                           const Requests& requests, bool explains) const;

  const SearchOptions* options_ = nullptr;
  const std::vector<SearchedEngine>* engines_ = nullptr;
  PlanInputs inputs_;
  std::optional<double> usd_per_gpu_hour_;
  std::vector<WorkloadRequests> requests_;
};

}  // namespace redline::planner
