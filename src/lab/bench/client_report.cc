#include "lab/bench/client_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "lab/load/client_probe.h"

namespace redline::lab {
namespace {

constexpr TimingProbe kTimingProbes[] = {
    {.num_requests = 10, .concurrency = 1, .ttft_ms = 5, .itl_ms = 2},
    {.num_requests = 256, .concurrency = 32, .ttft_ms = 5, .itl_ms = 2},
    {.num_requests = 512, .concurrency = 256, .ttft_ms = 5, .itl_ms = 10}};
constexpr double kOpenLoopRate = 5000;
constexpr double kOpenLoopSeconds = 2;

double Ms(const Histogram& histogram, double quantile) {
  return histogram.Quantile(quantile) / 1e6;
}

Result<TimingCheck> CheckTiming(const TimingProbe& probe, ProbeThreads threads) {
  RL_ASSIGN_OR_RETURN(const TimingErrors errors, ProbeTiming(probe, threads));
  return TimingCheck{.concurrency = probe.concurrency,
                     .ttft_ms = probe.ttft_ms,
                     .itl_ms = probe.itl_ms,
                     .ttft_error_p50_ms = Ms(errors.ttft_ns, 0.5),
                     .ttft_error_p99_ms = Ms(errors.ttft_ns, 0.99),
                     .gap_error_p50_ms = Ms(errors.gaps_ns, 0.5),
                     .gap_error_p99_ms = Ms(errors.gaps_ns, 0.99)};
}

}  // namespace

Result<ClientReport> MakeClientReport(int num_threads) {
  ClientReport check;
  check.num_threads = num_threads > 0
                          ? num_threads
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const ProbeThreads threads{.client = check.num_threads, .server = 1};
  RL_ASSIGN_OR_RETURN(const ProbeSpeed requests, ProbeRequests(100'000, 256, threads));
  check.requests_per_second = requests.per_second;
  check.cpu_us_per_request = requests.cpu_us;
  RL_ASSIGN_OR_RETURN(const ProbeSpeed events, ProbeEvents(10'000, 200, 64, threads));
  check.events_per_core_second = events.per_core_second;
  check.cpu_us_per_event = events.cpu_us;
  for (const TimingProbe& probe : kTimingProbes) {
    RL_ASSIGN_OR_RETURN(const TimingCheck timing, CheckTiming(probe, threads));
    check.timing.push_back(timing);
  }
  RL_ASSIGN_OR_RETURN(const SendProbe sending,
                      ProbeSending(kOpenLoopRate, kOpenLoopSeconds, threads));
  check.open_loop_rate = kOpenLoopRate;
  check.send_error_p99_ms = Ms(sending.error_ns, 0.99);
  return check;
}

std::string ToJson(const ClientReport& check) {
  nlohmann::json timing = nlohmann::json::array();
  for (const TimingCheck& row : check.timing) {
    timing.push_back(
        {{"concurrency", row.concurrency},
         {"ttft_ms", row.ttft_ms},
         {"itl_ms", row.itl_ms},
         {"ttft_error_ms", {{"p50", row.ttft_error_p50_ms}, {"p99", row.ttft_error_p99_ms}}},
         {"gap_error_ms", {{"p50", row.gap_error_p50_ms}, {"p99", row.gap_error_p99_ms}}}});
  }
  return nlohmann::json{{"num_threads", check.num_threads},
                        {"requests_per_second", check.requests_per_second},
                        {"cpu_us_per_request", check.cpu_us_per_request},
                        {"events_per_core_second", check.events_per_core_second},
                        {"cpu_us_per_event", check.cpu_us_per_event},
                        {"timing", timing},
                        {"open_loop_rate", check.open_loop_rate},
                        {"send_error_p99_ms", check.send_error_p99_ms}}
      .dump();
}

}  // namespace redline::lab
