#include "lab/tune/run_figures.h"

#include <algorithm>

#include "planner/predict/prediction.h"
#include "planner/search/search.h"

namespace redline::lab {

std::map<std::string, double> FiguresOf(const Measurement& measurement) {
  std::map<std::string, double> figures;
  for (const char* name :
       {"total_tps", "output_tps", "ttft_ms.mean", "ttft_ms.p50", "ttft_ms.p99", "tpot_ms.mean",
        "tpot_ms.p50", "tpot_ms.p99", "e2e_ms.mean", "e2e_ms.p50", "e2e_ms.p99", "duration_s"}) {
    if (const auto value = FigureOf(measurement.summary, name)) figures[name] = *value;
  }
  return figures;
}

spec::WorkloadSpec ShortOf(const spec::WorkloadSpec& workload) {
  const int64_t least = std::min(workload.num_requests, 2 * workload.concurrency);
  return planner::Shortened(workload, std::max({least, workload.num_requests / 4, int64_t{1}}));
}

std::optional<Forecast> ForecastOf(const planner::EnginePlan& plan,
                                   const spec::WorkloadSpec& workload, TuneGoal goal) {
  const auto prediction = planner::Predict(plan, workload);
  if (!prediction.ok()) return std::nullopt;
  Forecast forecast{.value = prediction->total_tps.value,
                    .low = prediction->total_tps.low,
                    .high = prediction->total_tps.high};
  if (goal == TuneGoal::kLatency) {
    forecast.value = 1000 / std::max(prediction->mean_e2e_ms, 1e-6);
    const double width = prediction->mean_tpot_ms.high / prediction->mean_tpot_ms.value;
    forecast.low = forecast.value / width;
    forecast.high = forecast.value * width;
  }
  const double total = prediction->seconds.Total();
  for (const double seconds : prediction->seconds.seconds)
    forecast.shares.push_back(total > 0 ? seconds / total : 0);
  return forecast;
}

}  // namespace redline::lab
