#include "planner/search/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
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

Result<std::vector<SearchedEngine>> EnginesOf(const SearchSubject& subject,
                                              const SearchOptions& options) {
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
    engines.push_back({std::move(space), std::move(configurer)});
  }
  return engines;
}

void SortOutcomes(std::vector<Outcome>& outcomes, Goal goal) {
  std::stable_sort(
      outcomes.begin(), outcomes.end(),
      [&](const Outcome& left, const Outcome& right) { return IsBetter(left, right, goal); });
}

// Every candidate under every workload.
void ScreenAll(const Evaluator& evaluator, const std::vector<Candidate>& candidates,
               SearchResult& result) {
  const SearchOptions& options = evaluator.options();
  std::vector<std::vector<Result<Outcome>>> all(candidates.size());
  ParallelFor(
      candidates.size(), options.num_threads,
      [&](size_t index) { all[index] = evaluator.Screen(candidates[index]); },
      [&](size_t done) {
        if (options.progress) options.progress("simulate", done, candidates.size());
      });
  for (std::vector<Result<Outcome>>& outcomes : all) {
    bool runs = false;
    for (size_t workload = 0; workload < outcomes.size(); ++workload) {
      if (!outcomes[workload].ok()) continue;
      runs = true;
      result.workloads[workload].ranking.push_back(std::move(*outcomes[workload]));
    }
    if (runs) continue;
    ++result.num_unfit;
    CountReason(outcomes.front().status().message(), result.unfit);
  }
  SortReasons(result.unfit);
}

std::vector<size_t> FrontierOf(const std::vector<Outcome>& ranking) {
  std::vector<FrontierPoint> points;
  for (const Outcome& outcome : ranking) {
    points.push_back(
        {outcome.prediction.mean_tpot_ms.value, outcome.prediction.total_tps.value});
  }
  return ParetoFrontier(points);
}

std::vector<size_t> CostFrontierOf(const std::vector<Outcome>& ranking) {
  std::vector<FrontierPoint> points;
  for (const Outcome& outcome : ranking) {
    if (!outcome.usd_per_million_tokens) return {};
    points.push_back({outcome.prediction.mean_tpot_ms.value, -*outcome.usd_per_million_tokens});
  }
  return ParetoFrontier(points);
}

// The best and the frontier in full, by operation; they keep their places before the others.
void SimulateFinalists(const Evaluator& evaluator, size_t index, WorkloadRanking& ranking) {
  std::set<size_t> chosen;
  for (size_t place = 0; place < std::min(kNumFinalists, ranking.ranking.size()); ++place) {
    chosen.insert(place);
  }
  for (const size_t place : FrontierOf(ranking.ranking)) chosen.insert(place);
  for (const size_t place : CostFrontierOf(ranking.ranking)) chosen.insert(place);
  // The best of each engine, for comparison.
  std::set<size_t> engines;
  for (size_t place = 0; place < ranking.ranking.size(); ++place) {
    if (engines.insert(ranking.ranking[place].candidate.space).second) chosen.insert(place);
  }
  const std::vector<size_t> places(chosen.begin(), chosen.end());
  std::vector<std::optional<Outcome>> finalists(places.size());
  ParallelFor(places.size(), evaluator.options().num_threads, [&](size_t each) {
    auto outcome = evaluator.InFull(ranking.ranking[places[each]].candidate, index);
    if (outcome.ok()) finalists[each] = std::move(*outcome);
  });
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
  std::vector<Outcome> compared = ranking.ranking;
  if (ranking.finalists_only) compared.resize(ranking.num_finalists);
  ranking.frontier = FrontierOf(compared);
  ranking.cost_frontier = CostFrontierOf(compared);
}

Status NothingRuns(const SearchResult& result) {
  std::vector<std::string> reasons;
  for (const std::vector<CountedReason>* counted : {&result.unfit, &result.space.refusals}) {
    if (counted->empty()) continue;
    reasons.push_back(fmt::format("{} times: {}", counted->front().count, counted->front().text));
  }
  return FailedPrecondition(
      fmt::format("none of {} configurations would run ({})", result.space.num_combinations,
                  reasons.empty() ? "there are none" : Join(reasons, "; ")));
}

}  // namespace

Result<SearchResult> Search(const SearchSubject& subject,
                            const std::vector<spec::WorkloadSpec>& workloads,
                            const SearchOptions& options) {
  SearchResult result;
  RL_ASSIGN_OR_RETURN(result.engines, EnginesOf(subject, options));
  RL_ASSIGN_OR_RETURN(const Evaluator evaluator,
                      Evaluator::Make(subject, workloads, result.engines, options));
  result.space = ResolveSpaces(result.engines, options.num_threads, [&](size_t done, size_t all) {
    if (options.progress) options.progress("resolve", done, all);
  });
  const std::vector<Candidate> candidates = std::move(result.space.candidates);
  result.space.candidates = {};
  result.num_distinct = static_cast<int64_t>(candidates.size());
  for (const spec::WorkloadSpec& workload : workloads) {
    result.workloads.push_back({.workload = workload});
  }
  ScreenAll(evaluator, candidates, result);
  for (size_t index = 0; index < workloads.size(); ++index) {
    if (options.progress) options.progress("refine", index, workloads.size());
    if (result.workloads[index].ranking.empty()) return NothingRuns(result);
    FinishWorkload(evaluator, index, result);
  }
  return result;
}

}  // namespace redline::planner
