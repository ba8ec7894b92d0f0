#include "planner/search/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "base/strings.h"
#include "planner/search/evaluator.h"
#include "planner/search/frontier.h"
#include "planner/search/parallel_for.h"
#include "planner/search/refine.h"

namespace redline::planner {
namespace {

// The engine's name with its version.
std::string NamedVersion(const backends::EngineVersion& engine) {
  return fmt::format("{}@{}", engine.resolver->name, engine.version);
}

// Why no configuration of a layout can run: its weights are larger than a GPU's memory, which no
// flag changes, or its engine refuses it as it stands.
Status CheckLayout(const SearchSubject& subject, const Configurer& configurer,
                   const AxisValue& layout) {
  RL_ASSIGN_OR_RETURN(Configuration configuration, configurer.ConfigureFlags(layout.words));
  configuration.settings.memory_fraction = 1;
  configuration.settings.counts_activations = false;
  const auto plan = PlanEngine(configuration.settings,
                               {.shape = &subject.model.shape, .hardware = &subject.hardware});
  return plan.status().code() == Code::kFailedPrecondition ? plan.status() : OkStatus();
}

// One layout is kept, so that the reason is told where none can run.
void DropLayouts(const SearchSubject& subject, const Configurer& configurer, SearchSpace& space,
                 SearchResult& result) {
  Axis& layouts = space.axes.front();
  const int64_t combinations = space.NumCombinations() / static_cast<int64_t>(layouts.num_coarse);
  std::vector<AxisValue> kept;
  for (const AxisValue& layout : layouts.values) {
    const Status status = CheckLayout(subject, configurer, layout);
    if (status.ok() || (kept.empty() && &layout == &layouts.values.back())) {
      kept.push_back(layout);
    } else {
      result.layouts.push_back({status.message(), combinations});
      result.num_in_layouts += combinations;
    }
  }
  layouts.values = std::move(kept);
  layouts.num_coarse = layouts.values.size();
}

Result<std::vector<SearchedEngine>> EnginesOf(const SearchSubject& subject,
                                              const SearchOptions& options, SearchResult& result) {
  std::vector<std::string> names = options.engines;
  if (names.empty()) {
    for (const std::string_view name : SearchedEngines()) names.emplace_back(name);
  }
  std::vector<SearchedEngine> engines;
  for (const std::string& name : names) {
    RL_ASSIGN_OR_RETURN(Configurer configurer,
                        Configurer::Make(name, subject.model, subject.hardware));
    RL_ASSIGN_OR_RETURN(SearchSpace space, SpaceOf(NamedVersion(configurer.engine()),
                                                   subject.model.shape, subject.hardware));
    DropLayouts(subject, configurer, space, result);
    engines.push_back({std::move(space), std::move(configurer)});
  }
  return engines;
}

void SortOutcomes(std::vector<Outcome>& outcomes, Goal goal) {
  std::stable_sort(
      outcomes.begin(), outcomes.end(),
      [&](const Outcome& left, const Outcome& right) { return IsBetter(left, right, goal); });
}

// Plans that run the same steps but for their limit on running requests, the highest first.
std::vector<std::vector<PlannedCandidate>> GroupByLimit(
    const std::vector<Candidate>& candidates, const std::vector<Result<EnginePlan>>& plans) {
  std::map<std::pair<const ExplainedStepCost*, SchedulerPolicy>, std::vector<PlannedCandidate>>
      groups;
  for (size_t index = 0; index < candidates.size(); ++index) {
    if (!plans[index].ok()) continue;
    SchedulerPolicy policy = plans[index]->policy;
    policy.max_running_requests = 1;
    groups[{plans[index]->cost.get(), policy}].push_back({&candidates[index], &*plans[index]});
  }
  std::vector<std::vector<PlannedCandidate>> all;
  for (auto& [key, group] : groups) {
    std::stable_sort(group.begin(), group.end(), [](const auto& left, const auto& right) {
      return left.plan->policy.max_running_requests > right.plan->policy.max_running_requests;
    });
    all.push_back(std::move(group));
  }
  // In the order of the candidates, not of addresses.
  std::sort(all.begin(), all.end(), [](const auto& left, const auto& right) {
    return left.front().candidate < right.front().candidate;
  });
  return all;
}

std::vector<Result<EnginePlan>> PlanAll(const Evaluator& evaluator,
                                        const std::vector<Candidate>& candidates,
                                        SearchResult& result) {
  std::vector<Result<EnginePlan>> plans(candidates.size(), Internal("not planned"));
  const SearchOptions& options = evaluator.options();
  ParallelFor(
      candidates.size(), options.num_threads,
      [&](size_t index) { plans[index] = evaluator.RoomyPlanOf(candidates[index]); }, nullptr,
      options.is_cancelled);
  for (const Result<EnginePlan>& plan : plans) {
    if (plan.ok()) continue;
    ++result.num_unfit;
    CountReason(plan.status().message(), result.unfit);
  }
  return plans;
}

void Gather(std::vector<Evaluator::Outcomes>& group, SearchResult& result) {
  for (Evaluator::Outcomes& outcomes : group) {
    const bool runs = std::any_of(outcomes.begin(), outcomes.end(),
                                  [](const Result<Outcome>& outcome) { return outcome.ok(); });
    if (!runs) {
      ++result.num_unfit;
      CountReason(outcomes.front().status().message(), result.unfit);
    }
    for (size_t workload = 0; workload < outcomes.size(); ++workload) {
      if (!outcomes[workload].ok()) continue;
      result.workloads[workload].ranking.push_back(std::move(*outcomes[workload]));
    }
  }
}

// Every candidate under every workload.
void ScreenAll(const Evaluator& evaluator, const std::vector<Candidate>& candidates,
               SearchResult& result) {
  const SearchOptions& options = evaluator.options();
  const std::vector<Result<EnginePlan>> plans = PlanAll(evaluator, candidates, result);
  const std::vector<std::vector<PlannedCandidate>> groups = GroupByLimit(candidates, plans);
  std::vector<std::vector<Evaluator::Outcomes>> all(groups.size());
  options.Report("simulate", 0, groups.size());
  ParallelFor(
      groups.size(), options.num_threads,
      [&](size_t index) { all[index] = evaluator.Screen(groups[index]); },
      [&](size_t done) { options.Report("simulate", done, groups.size()); }, options.is_cancelled);
  for (std::vector<Evaluator::Outcomes>& group : all) {
    Gather(group, result);
    group = std::vector<Evaluator::Outcomes>();
  }
  SortReasons(result.unfit);
}

std::vector<size_t> FrontierOf(std::span<const Outcome> ranking) {
  std::vector<FrontierPoint> points;
  for (const Outcome& outcome : ranking) {
    points.push_back({outcome.prediction.mean_tpot_ms.value, outcome.prediction.total_tps.value});
  }
  return ParetoFrontier(points);
}

std::vector<size_t> CostFrontierOf(std::span<const Outcome> ranking) {
  std::vector<FrontierPoint> points;
  for (const Outcome& outcome : ranking) {
    if (!outcome.usd_per_million_tokens) return {};
    points.push_back({outcome.prediction.mean_tpot_ms.value, -*outcome.usd_per_million_tokens});
  }
  return ParetoFrontier(points);
}

// The best and the frontier in full, by operation; they keep their places before the others.
void SimulateFinalists(const Evaluator& evaluator, size_t index, WorkloadRanking& ranking) {
  const std::vector<size_t> best = DistinctPlaces(ranking.ranking, kNumFinalists);
  std::set<size_t> chosen(best.begin(), best.end());
  for (const size_t place : FrontierOf(ranking.ranking)) chosen.insert(place);
  for (const size_t place : CostFrontierOf(ranking.ranking)) chosen.insert(place);
  // The best of each engine, for comparison.
  std::set<size_t> engines;
  for (size_t place = 0; place < ranking.ranking.size(); ++place) {
    if (engines.insert(ranking.ranking[place].candidate.space).second) chosen.insert(place);
  }
  const std::vector<size_t> places(chosen.begin(), chosen.end());
  std::vector<std::optional<Outcome>> finalists(places.size());
  const SearchOptions& options = evaluator.options();
  ParallelFor(
      places.size(), options.num_threads,
      [&](size_t each) {
        auto outcome = evaluator.InFull(ranking.ranking[places[each]].candidate, index);
        if (outcome.ok()) finalists[each] = std::move(*outcome);
      },
      [&](size_t done) { options.Report("finalists", done, places.size()); }, options.is_cancelled);
  std::vector<Outcome> sorted;
  for (std::optional<Outcome>& finalist : finalists) {
    if (finalist) sorted.push_back(std::move(*finalist));
  }
  SortOutcomes(sorted, evaluator.options().goal);
  ranking.num_finalists = sorted.size();
  for (size_t place = 0; place < ranking.ranking.size(); ++place) {
    if (!chosen.contains(place)) sorted.push_back(std::move(ranking.ranking[place]));
  }
  ranking.ranking = std::move(sorted);
  if (!ranking.finalists_only) SortOutcomes(ranking.ranking, evaluator.options().goal);
}

void FinishWorkload(const Evaluator& evaluator, size_t index, SearchResult& result) {
  WorkloadRanking& ranking = result.workloads[index];
  ranking.screened_requests = evaluator.NumRequests(index, Extent::kScreen);
  ranking.simulated_requests = evaluator.NumRequests(index, Extent::kFull);
  ranking.finalists_only = ranking.screened_requests != ranking.simulated_requests;
  SortOutcomes(ranking.ranking, evaluator.options().goal);
  std::vector<Outcome> refined = Refine(evaluator, index, ranking.ranking);
  result.num_refined += static_cast<int64_t>(refined.size());
  std::move(refined.begin(), refined.end(), std::back_inserter(ranking.ranking));
  SortOutcomes(ranking.ranking, evaluator.options().goal);
  SimulateFinalists(evaluator, index, ranking);
  std::span<const Outcome> compared = ranking.ranking;
  if (ranking.finalists_only) compared = compared.first(ranking.num_finalists);
  ranking.frontier = FrontierOf(compared);
  ranking.cost_frontier = CostFrontierOf(compared);
}

Status Cancelled() { return {Code::kCancelled, "the search was cancelled"}; }

Status NothingRuns(const SearchResult& result) {
  std::vector<std::string> reasons;
  for (const std::vector<CountedReason>* counted :
       {&result.layouts, &result.unfit, &result.space.refusals}) {
    if (counted->empty()) continue;
    reasons.push_back(fmt::format("{} times: {}", counted->front().count, counted->front().text));
  }
  return FailedPrecondition(fmt::format("none of {} configurations would run ({})",
                                        result.space.num_combinations,
                                        reasons.empty() ? "there are none" : Join(reasons, "; ")));
}

}  // namespace

Result<SearchResult> Search(const SearchSubject& subject,
                            const std::vector<spec::WorkloadSpec>& workloads,
                            const SearchOptions& options) {
  SearchResult result;
  RL_ASSIGN_OR_RETURN(result.engines, EnginesOf(subject, options, result));
  RL_ASSIGN_OR_RETURN(const Evaluator evaluator,
                      Evaluator::Make(subject, workloads, result.engines, options));
  result.space = ResolveSpaces(
      result.engines, options.num_threads,
      [&](size_t done, size_t all) { options.Report("resolve", done, all); }, options.is_cancelled);
  if (options.IsCancelled()) return Cancelled();
  const std::vector<Candidate> candidates = std::move(result.space.candidates);
  result.space.candidates = {};
  result.num_distinct = static_cast<int64_t>(candidates.size());
  for (const spec::WorkloadSpec& workload : workloads) {
    result.workloads.push_back({.workload = workload});
  }
  ScreenAll(evaluator, candidates, result);
  for (size_t index = 0; index < workloads.size(); ++index) {
    if (options.IsCancelled()) return Cancelled();
    if (result.workloads[index].ranking.empty()) return NothingRuns(result);
    FinishWorkload(evaluator, index, result);
  }
  if (options.IsCancelled()) return Cancelled();
  return result;
}

}  // namespace redline::planner
