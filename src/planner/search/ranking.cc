// What better means.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <tuple>

#include "base/strings.h"
#include "planner/search/search.h"

namespace redline::planner {
namespace {

constexpr std::array<std::pair<std::string_view, Goal>, 3> kGoals = {
    {{"throughput", Goal::kThroughput}, {"latency", Goal::kLatency}, {"cost", Goal::kCost}}};

// Differences below a quarter of a percent are no reason for another flag.
constexpr double kWorthAFlag = 0.0025;

double BucketOf(const Outcome& outcome, Goal goal) {
  const double value = ValueOf(outcome.prediction, outcome.num_gpus, goal);
  return value > 0 ? std::floor(std::log(value) / kWorthAFlag) : -1e18;
}

}  // namespace

Result<Goal> GoalFromName(std::string_view name) {
  for (const auto& [known, goal] : kGoals) {
    if (known == name) return goal;
  }
  return InvalidArgument(
      fmt::format("\"{}\" is no goal; it is throughput, latency or cost", Excerpt(name)), "goal");
}

std::string_view NameOf(Goal goal) {
  return std::find_if(kGoals.begin(), kGoals.end(),
                      [&](const auto& known) { return known.second == goal; })
      ->first;
}

double ValueOf(const Prediction& prediction, int64_t num_gpus, Goal goal) {
  switch (goal) {
    case Goal::kThroughput:
      return prediction.total_tps.value;
    case Goal::kLatency:
      return prediction.mean_e2e_ms > 0 ? 1e3 / prediction.mean_e2e_ms : 0;
    case Goal::kCost:
      return prediction.total_tps.value / static_cast<double>(std::max<int64_t>(num_gpus, 1));
  }
  return 0;
}

bool IsBetter(const Outcome& left, const Outcome& right, Goal goal) {
  if (left.keeps_slo != right.keeps_slo) return left.keeps_slo;
  if (!left.keeps_slo && left.prediction.slo_share != right.prediction.slo_share) {
    return left.prediction.slo_share > right.prediction.slo_share;
  }
  const double left_bucket = BucketOf(left, goal);
  const double right_bucket = BucketOf(right, goal);
  if (left_bucket != right_bucket) return left_bucket > right_bucket;
  const size_t left_changes = NumChanges(left.candidate.choice);
  const size_t right_changes = NumChanges(right.candidate.choice);
  if (left_changes != right_changes) return left_changes < right_changes;
  return ValueOf(left.prediction, left.num_gpus, goal) >
         ValueOf(right.prediction, right.num_gpus, goal);
}

std::vector<size_t> DistinctPlaces(const std::vector<Outcome>& ranking, size_t most) {
  std::vector<size_t> places;
  std::set<std::tuple<size_t, double, double, double>> seen;
  for (size_t place = 0; place < ranking.size() && places.size() < most; ++place) {
    const Prediction& prediction = ranking[place].prediction;
    const bool is_new = seen.insert({ranking[place].candidate.space, prediction.total_tps.value,
                                     prediction.mean_ttft_ms.value, prediction.mean_tpot_ms.value})
                            .second;
    if (is_new) places.push_back(place);
  }
  return places;
}

spec::WorkloadSpec Shortened(const spec::WorkloadSpec& workload, int64_t most) {
  spec::WorkloadSpec shortened = workload;
  // 0: as many as the dataset has.
  if (shortened.num_requests == 0 || shortened.num_requests > most) shortened.num_requests = most;
  return shortened;
}

}  // namespace redline::planner
