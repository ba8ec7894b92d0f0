// The load generator against the built-in mock server, on this machine: speed, CPU for each request
// and event, and how true its stamps are. `load_bench [repeats] [client threads] [server threads]`.
// Client and server share the cores, and so does whatever else runs: compare CPU times.
#include <fmt/core.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "lab/load/client_probe.h"

namespace redline::lab {
namespace {

struct Bench {
  int repeats;
  ProbeThreads threads;

  void Speed(const std::string& name, const std::function<Result<ProbeSpeed>()>& probe) const {
    for (int i = 0; i < repeats; ++i) {
      const auto speed = probe();
      if (!speed.ok()) return fmt::print("{}: {}\n", name, speed.status().ToString());
      fmt::print("{:38} {:>11.0f}/s {:>11.0f}/s of client CPU {:>8.3f} us CPU each\n", name,
                 speed->per_second, speed->per_core_second, speed->cpu_us);
    }
  }

  static std::string Quantiles(const Histogram& histogram) {
    return fmt::format("p50 {:.3f} p90 {:.3f} p99 {:.3f} max {:.3f} ms",
                       histogram.Quantile(0.5) * 1e-6, histogram.Quantile(0.9) * 1e-6,
                       histogram.Quantile(0.99) * 1e-6,
                       static_cast<double>(histogram.max()) * 1e-6);
  }

  void Timing(const std::string& name, const TimingProbe& probe) const {
    for (int i = 0; i < repeats; ++i) {
      const auto errors = ProbeTiming(probe, threads);
      if (!errors.ok()) return fmt::print("{}: {}\n", name, errors.status().ToString());
      fmt::print("{:38} TTFT error {}   gap error {}\n", name, Quantiles(errors->ttft_ns),
                 Quantiles(errors->gaps_ns));
    }
  }

  void Sending(double rate, double seconds) const {
    const auto sending = ProbeSending(rate, seconds, threads);
    if (!sending.ok()) return fmt::print("open loop: {}\n", sending.status().ToString());
    fmt::print("{:38} send error {}   sent {} failed {}\n",
               fmt::format("open loop {:.0f}/s for {:.0f} s", rate, seconds),
               Quantiles(sending->error_ns), sending->num_sent, sending->num_failed);
  }
};

void BenchAll(const Bench& bench) {
  for (const int64_t concurrency : {64, 256, 1024})
    bench.Speed(fmt::format("1-token answers, concurrency {}", concurrency),
                [&] { return ProbeRequests(200'000, concurrency, bench.threads); });
  for (const int64_t concurrency : {64, 256})
    bench.Speed(fmt::format("200-token streams, concurrency {}", concurrency),
                [&] { return ProbeEvents(20'000, 200, concurrency, bench.threads); });
  bench.Timing("5 ms then 2 ms, concurrency 1", {.num_requests = 20, .concurrency = 1});
  bench.Timing("5 ms then 2 ms, concurrency 32", {.num_requests = 640, .concurrency = 32});
  bench.Timing("every 10 ms, concurrency 256",
               {.num_requests = 1024, .concurrency = 256, .ttft_ms = 10, .itl_ms = 10});
  bench.Sending(10'000, 30);
}

}  // namespace
}  // namespace redline::lab

int main(int argc, char** argv) {
  const auto argument = [&](int index, int otherwise) {
    return argc > index ? std::atoi(argv[index]) : otherwise;
  };
  redline::lab::BenchAll(
      {.repeats = argument(1, 3), .threads = {.client = argument(2, 1), .server = argument(3, 1)}});
}
