// How fast the simulator is on this machine, with a cost model that costs next to nothing.
// `simulate_bench [repeats]`. One thread; whatever else runs shares the cores: compare CPU times.
#include <fmt/core.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "planner/simulate/serving_simulator.h"
#include "workload/presets.h"

namespace redline::planner {
namespace {

// About an H200's: 12 ms, 40 us for each prompt token and request, by the slowest rank.
class LinearCost : public StepCost {
 public:
  double SecondsOf(std::span<const RankStep> ranks) const override {
    double slowest = 0;
    for (const RankStep& rank : ranks) {
      int64_t num_tokens = rank.decode_requests;
      for (const PrefillChunk& chunk : rank.prefill) num_tokens += chunk.new_tokens;
      slowest = std::max(slowest, 12e-3 + 40e-6 * static_cast<double>(num_tokens) +
                                      1e-9 * static_cast<double>(rank.decode_context_tokens));
    }
    return slowest;
  }
};

double CpuSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void Bench(const std::string& name, const spec::WorkloadSpec& workload,
           const SchedulerPolicy& policy, int runs) {
  const auto plan = workload::MakePlan(workload, 42);
  if (!plan.ok()) return fmt::print("{}: {}\n", name, plan.status().ToString());
  int64_t num_steps = 0;
  int64_t num_requests = 0;
  double simulated_s = 0;
  const double begin_s = CpuSeconds();
  for (int run = 0; run < runs; ++run) {
    const auto result = SimulateServing(**plan, workload, policy, LinearCost());
    if (!result.ok()) return fmt::print("{}: {}\n", name, result.status().ToString());
    num_steps += result->num_steps;
    num_requests += static_cast<int64_t>(result->requests.size());
    simulated_s += result->end_s;
  }
  const double cpu_s = CpuSeconds() - begin_s;
  const double ranks = static_cast<double>(policy.num_ranks);
  fmt::print(
      "{:44} {:>8} steps {:>10.0f} steps/s {:>11.0f} rank steps/s {:>9.0f} requests/s "
      "{:>9.0f} times real\n",
      name, num_steps / runs, static_cast<double>(num_steps) / cpu_s,
      static_cast<double>(num_steps) * ranks / cpu_s, static_cast<double>(num_requests) / cpu_s,
      simulated_s / cpu_s);
}

SchedulerPolicy Ranks(SchedulerPolicy::Kind kind, int64_t num_ranks, int64_t chunk) {
  SchedulerPolicy policy;
  policy.kind = kind;
  policy.num_ranks = num_ranks;
  policy.step_token_budget = chunk;
  policy.kv_tokens = 236'000;
  policy.page_size = 64;
  policy.conservativeness = num_ranks > 1 ? 0.3 : 1;
  return policy;
}

void BenchAll() {
  using Kind = SchedulerPolicy::Kind;
  const spec::WorkloadSpec sharegpt = *workload::FindPreset("sharegpt");
  spec::WorkloadSpec generation = *workload::FindPreset("generation");
  const SchedulerPolicy dp8 = Ranks(Kind::kPrefillFirst, 8, 1024);
  const SchedulerPolicy vllm = Ranks(Kind::kMixed, 1, 8192);
  Bench("sharegpt burst of 1000, SGLang DP8 lockstep", sharegpt, dp8, 100);
  Bench("sharegpt burst of 1000, vLLM one rank", sharegpt, vllm, 100);
  Bench("generation 100, SGLang DP8 lockstep", generation, dp8, 100);
  Bench("generation 100, vLLM one rank", generation, vllm, 100);
  generation.num_requests *= 100;
  Bench("generation 100 x 100, SGLang DP8 lockstep", generation, dp8, 1);
  Bench("generation 100 x 100, vLLM one rank", generation, vllm, 1);
  SchedulerPolicy small_kv = vllm;
  small_kv.kv_tokens = 40'000;
  Bench("generation 100 x 100, vLLM, KV of 40k", generation, small_kv, 1);
}

}  // namespace
}  // namespace redline::planner

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1;
  for (int repeat = 0; repeat < repeats; ++repeat) redline::planner::BenchAll();
  return 0;
}
