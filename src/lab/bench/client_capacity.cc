#include "lab/bench/client_capacity.h"

#include <algorithm>
#include <thread>

#include "lab/load/client_probe.h"

namespace redline::lab {
namespace {

constexpr size_t kProbeRequests = 10'000;
constexpr size_t kProbeStreams = 1'000;
constexpr int32_t kProbeTokens = 200;
constexpr int64_t kProbeConcurrency = 64;

}  // namespace

double ClientCapacity::HeadroomOver(const LoadResult& run) const {
  if (cpu_us_per_request <= 0) return -1;
  double num_events = 0;
  for (const RequestRecord& record : run.records) num_events += record.num_events;
  const double needed_us = cpu_us_per_request * static_cast<double>(run.records.size()) +
                           cpu_us_per_event * num_events;
  const double there_us = run.health.wall_s * 1e6 * num_threads;
  return needed_us > 0 ? there_us / needed_us : -1;
}

Result<ClientCapacity> MeasureClientCapacity(int num_threads) {
  ClientCapacity capacity;
  capacity.num_threads =
      num_threads > 0 ? num_threads
                      : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const ProbeThreads threads{.client = capacity.num_threads, .server = 1};
  RL_ASSIGN_OR_RETURN(const ProbeSpeed requests,
                      ProbeRequests(kProbeRequests, kProbeConcurrency, threads));
  RL_ASSIGN_OR_RETURN(const ProbeSpeed events,
                      ProbeEvents(kProbeStreams, kProbeTokens, kProbeConcurrency, threads));
  capacity.cpu_us_per_request = requests.cpu_us;
  capacity.cpu_us_per_event = events.cpu_us;
  return capacity;
}

}  // namespace redline::lab
