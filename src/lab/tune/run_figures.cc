#include "lab/tune/run_figures.h"

#include <algorithm>

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

}  // namespace redline::lab
