// How long the whole search takes on this machine: `search_bench [MODEL [HARDWARE [THREADS]]]`, the
// scenario's six workloads at once. Prints configurations, seconds, processor seconds and memory.
// Not a test.
#include <fmt/core.h>
#include <sys/resource.h>
#include <time.h>

#include <cstdlib>
#include <map>
#include <string>
#include <thread>

#include "base/clock.h"
#include "planner/search/search.h"
#include "workload/presets.h"

namespace redline::planner {
namespace {

double SecondsOn(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

int Run(const std::string& model_name, const std::string& hardware_name, size_t num_threads) {
  const auto model = FindModel(model_name);
  const auto hardware = FindHardwareSpec(hardware_name);
  if (!model.ok() || !hardware.ok()) {
    fmt::print("{}\n", (model.ok() ? hardware.status() : model.status()).ToString());
    return 1;
  }
  std::vector<spec::WorkloadSpec> workloads;
  for (const std::string& name : workload::PresetNames()) {
    workloads.push_back(*workload::FindPreset(name));
  }
  const double begin_s = SecondsOn(CLOCK_MONOTONIC);
  const double begin_cpu_s = SecondsOn(CLOCK_PROCESS_CPUTIME_ID);
  std::map<std::string, double, std::less<>> phase_begins;
  SearchOptions options{.num_threads = num_threads};
  options.progress = [&](std::string_view phase, size_t, size_t) {
    phase_begins.try_emplace(std::string(phase), SecondsOn(CLOCK_MONOTONIC) - begin_s);
  };
  const auto result = Search({*model, *hardware}, workloads, options);
  const double seconds = SecondsOn(CLOCK_MONOTONIC) - begin_s;
  const double cpu_s = SecondsOn(CLOCK_PROCESS_CPUTIME_ID) - begin_cpu_s;
  if (!result.ok()) {
    fmt::print("{}\n", result.status().ToString());
    return 1;
  }
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print(
      "{} on {}: {} combinations, {} refused, {} distinct resolved, {} distinct simulated, {} do "
      "not fit, {} refined\n{:.1f} s on {} threads, {:.1f} processor seconds, {} MiB at most\n",
      model_name, hardware_name, result->space.num_combinations, result->space.num_refused,
      result->space.num_distinct_resolved, result->num_distinct, result->num_unfit,
      result->num_refined, seconds, num_threads, cpu_s, usage.ru_maxrss / 1024);
  for (const auto& [phase, begin] : phase_begins) fmt::print("  {} from {:.1f} s\n", phase, begin);
  for (const WorkloadRanking& ranking : result->workloads) {
    const Outcome& best = ranking.ranking.front();
    fmt::print("{:12} {:8.0f} tokens/s  {}: {}\n", ranking.workload.name,
               best.prediction.total_tps.value, result->engines[best.candidate.space].space.engine,
               Describe(result->engines[best.candidate.space].space, best.candidate.choice));
  }
  return 0;
}

}  // namespace
}  // namespace redline::planner

int main(int argc, char** argv) {
  const std::string model = argc > 1 ? argv[1] : "deepseek-ai/DeepSeek-V3.2";
  const std::string hardware = argc > 2 ? argv[2] : "h200x8";
  const size_t num_threads =
      argc > 3 ? static_cast<size_t>(std::atoi(argv[3])) : std::thread::hardware_concurrency();
  return redline::planner::Run(model, hardware, num_threads);
}
