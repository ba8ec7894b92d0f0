#include "planner/search/evaluator.h"

#include <algorithm>
#include <utility>

#include "planner/search/fit_rules.h"

namespace redline::planner {
namespace {

int64_t ScreenLimit(const spec::WorkloadSpec& workload) {
  // A closed loop is past its beginning when every place was taken a few times.
  return std::clamp<int64_t>(4 * workload.concurrency, kMaxScreenedRequests,
                             10 * kMaxScreenedRequests);
}

// Whether the outcome of the same plan with at least this limit on running requests never met it.
bool IsUnlimited(const EnginePlan& plan, const Outcome& outcome) {
  return outcome.limit == plan.policy.max_running_requests ||
         outcome.prediction.simulation.peak_running < plan.policy.max_running_requests;
}

}  // namespace

Result<Evaluator> Evaluator::Make(const SearchSubject& subject,
                                  const std::vector<spec::WorkloadSpec>& workloads,
                                  const std::vector<SearchedEngine>& engines,
                                  const SearchOptions& options) {
  Evaluator evaluator;
  evaluator.options_ = &options;
  evaluator.engines_ = &engines;
  evaluator.cost_cache_ = std::make_unique<StepCostCache>();
  evaluator.inputs_ = {.shape = &subject.model.shape,
                       .hardware = &subject.hardware,
                       .calibrations = options.calibrations,
                       .cost_cache = evaluator.cost_cache_.get()};
  evaluator.usd_per_gpu_hour_ = options.usd_per_gpu_hour;
  if (!evaluator.usd_per_gpu_hour_ && subject.hardware.price) {
    evaluator.usd_per_gpu_hour_ = subject.hardware.price->usd_per_device_hour;
  }
  const auto requests_of = [&](const spec::WorkloadSpec& workload,
                               int64_t most) -> Result<Requests> {
    Requests requests{.workload = Shortened(workload, most), .plan = nullptr};
    RL_ASSIGN_OR_RETURN(requests.plan, workload::MakePlan(requests.workload, options.seed));
    return requests;
  };
  for (const spec::WorkloadSpec& workload : workloads) {
    WorkloadRequests both;
    RL_ASSIGN_OR_RETURN(both.screen, requests_of(workload, ScreenLimit(workload)));
    RL_ASSIGN_OR_RETURN(both.full, requests_of(workload, kMaxSimulatedRequests));
    evaluator.requests_.push_back(std::move(both));
  }
  return evaluator;
}

int64_t Evaluator::NumRequests(size_t workload, Extent extent) const {
  const WorkloadRequests& both = requests_[workload];
  return static_cast<int64_t>((extent == Extent::kScreen ? both.screen : both.full).plan->size());
}

Result<Candidate> Evaluator::CandidateOf(size_t space, const Choice& choice) const {
  const SearchedEngine& engine = (*engines_)[space];
  RL_ASSIGN_OR_RETURN(Configuration configuration,
                      engine.configurer.ConfigureFlags(ArgumentsOf(engine.space, choice)));
  return Candidate{.space = space, .choice = choice, .settings = std::move(configuration.settings)};
}

Result<EnginePlan> Evaluator::PlanOf(const Candidate& candidate) const {
  RL_RETURN_IF_ERROR(CheckParallelism(candidate.settings, *inputs_.shape));
  return PlanEngine(candidate.settings, inputs_);
}

Result<EnginePlan> Evaluator::RoomyPlanOf(const Candidate& candidate) const {
  RL_ASSIGN_OR_RETURN(EnginePlan plan, PlanOf(candidate));
  RL_RETURN_IF_ERROR(CheckHeadroom(plan, *inputs_.shape));
  return plan;
}

Result<Outcome> Evaluator::Simulate(const Candidate& candidate, const EnginePlan& plan,
                                    const Requests& requests, bool explains) const {
  Outcome outcome{
      .candidate = candidate, .num_gpus = plan.num_gpus, .limit = plan.policy.max_running_requests};
  RL_ASSIGN_OR_RETURN(outcome.prediction, Predict(plan, requests.workload, *requests.plan,
                                                  {.seed = options_->seed, .explains = explains}));
  if (outcome.prediction.simulation.num_refused > 0) {
    return FailedPrecondition("not every request fits: " + outcome.prediction.simulation.refusal);
  }
  outcome.prediction.simulation.requests = std::vector<SimulatedRequest>();
  outcome.keeps_slo = outcome.prediction.slo_share >= options_->slo_share;
  if (usd_per_gpu_hour_ && outcome.prediction.total_tps.value > 0) {
    outcome.usd_per_million_tokens = *usd_per_gpu_hour_ * static_cast<double>(plan.num_gpus) /
                                     3600 / outcome.prediction.total_tps.value * 1e6;
  }
  return outcome;
}

std::vector<Evaluator::Outcomes> Evaluator::Screen(std::span<const PlannedCandidate> group) const {
  std::vector<Outcomes> all;
  for (const auto& [candidate, plan] : group) {
    Outcomes outcomes;
    for (size_t workload = 0; workload < requests_.size(); ++workload) {
      if (!all.empty() && all.back()[workload].ok() && IsUnlimited(*plan, *all.back()[workload])) {
        outcomes.push_back(*all.back()[workload]);
        outcomes.back()->candidate = *candidate;
      } else {
        outcomes.push_back(
            Simulate(*candidate, *plan, requests_[workload].screen, /*explains=*/false));
      }
    }
    all.push_back(std::move(outcomes));
  }
  return all;
}

Result<Outcome> Evaluator::ScreenOne(const Candidate& candidate, size_t workload) const {
  RL_ASSIGN_OR_RETURN(const EnginePlan plan, RoomyPlanOf(candidate));
  return Simulate(candidate, plan, requests_[workload].screen, /*explains=*/false);
}

Result<Outcome> Evaluator::InFull(const Candidate& candidate, size_t workload) const {
  RL_ASSIGN_OR_RETURN(const EnginePlan plan, PlanOf(candidate));
  return Simulate(candidate, plan, requests_[workload].full, /*explains=*/true);
}

}  // namespace redline::planner
