#include "lab/load/self_check.h"

#include <limits>

#include "base/process.h"

namespace redline::lab {

double SelfCheckResult::Headroom(double requests_per_second, double events_per_second) const {
  const double cores =
      (requests_per_second * requests.cpu_us + events_per_second * events.cpu_us) * 1e-6;
  return cores > 0 ? num_threads / cores : std::numeric_limits<double>::infinity();
}

Result<SelfCheckResult> CheckClient(int num_threads) {
  SelfCheckResult result;
  result.num_threads = num_threads > 0 ? num_threads : AvailableCpus();
  const ProbeThreads threads = {.client = result.num_threads, .server = 1};
  RL_ASSIGN_OR_RETURN(result.requests, ProbeRequests(20'000, 256, threads));
  RL_ASSIGN_OR_RETURN(result.events, ProbeEvents(2'000, 200, 64, threads));
  RL_ASSIGN_OR_RETURN(
      result.timing,
      ProbeTiming({.num_requests = 64, .concurrency = 32, .output_tokens = 100}, threads));
  RL_ASSIGN_OR_RETURN(result.sending, ProbeSending(1000, 0.5, threads));
  return result;
}

}  // namespace redline::lab
