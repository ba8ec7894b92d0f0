#include "lab/bench/interleaved.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace redline::lab {
namespace {

constexpr uint64_t kOtherPrompts = uint64_t{1} << 41;  // far from seeds of repeats and warm-ups

}  // namespace

Result<MeasuredPair> RunInterleaved(BenchOptions a, BenchOptions b) {
  b.workload = a.workload;
  // The same requests, but not twice to one server: its prefix cache would answer the second.
  b.seed = a.url == b.url ? a.seed + kOtherPrompts : a.seed;
  b.num_repeats = a.num_repeats;
  const int64_t num_repeats = a.num_repeats;
  const bool warm_up = a.warm_up;
  const std::atomic<bool>* stop = a.stop;
  RL_ASSIGN_OR_RETURN(const auto bench_a, Bench::Prepare(std::move(a)));
  RL_ASSIGN_OR_RETURN(const auto bench_b, Bench::Prepare(std::move(b)));
  std::array<Bench*, 2> order = {bench_a.get(), bench_b.get()};
  if (warm_up) {
    for (Bench* bench : order) RL_RETURN_IF_ERROR(bench->WarmUp());
  }
  for (int64_t repeat = 0; repeat < num_repeats; ++repeat) {
    for (Bench* bench : order) {
      if (stop != nullptr && *stop) break;
      RL_RETURN_IF_ERROR(bench->Run(repeat));
    }
    std::swap(order[0], order[1]);
  }
  return MeasuredPair{bench_a->Measured(), bench_b->Measured()};
}

}  // namespace redline::lab
