// Speed of the matmul on this machine: GB/s of the weight stream and GFLOP/s, best and median of
// the repeats. `matmul_bench [threads] [repeats]`. Weights are random and larger than the caches
// when taken together, as in a decode step.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <deque>

#include "base/clock.h"
#include "base/process.h"
#include "engine/kernels/matmul/parallel_matmul.h"
#include "engine/kernels/matmul/testing_matrix.h"

namespace redline::engine {
namespace {

constexpr int64_t kOutFeatures = 1536;
constexpr int64_t kInFeatures = 576;   // or the next whole block
constexpr int64_t kNumMatrices = 120;  // 66 MB of q4_1, 425 MB of f32

struct Bench {
  const KernelSet& kernels;
  ThreadPool& pool;
  int repeats;

  void Run(const std::deque<TestingMatrix>& matrices, int64_t num_rows) const {
    std::mt19937 random(1);
    const int64_t in_features = matrices.front().packed.in_features;
    const std::vector<float> x = RandomFloats(num_rows * in_features, random);
    std::vector<float> out(static_cast<size_t>(num_rows * kOutFeatures));
    const size_t used = num_rows == 1 ? matrices.size() : std::min<size_t>(matrices.size(), 8);
    std::vector<double> seconds;
    for (int repeat = 0; repeat <= repeats; ++repeat) {
      const MonotonicTime start = MonotonicNow();
      for (size_t i = 0; i < used; ++i) {
        const MatmulPart part = {.weight = matrices[i].packed};
        ParallelMatmul(kernels, pool, {x.data(), in_features, num_rows, out.data(), kOutFeatures},
                       {&part, 1});
      }
      if (repeat > 0) seconds.push_back(SecondsSince(start));  // the first one warms up
    }
    std::sort(seconds.begin(), seconds.end());
    Print(matrices.front().packed, num_rows, static_cast<double>(used), seconds);
  }

  void Print(const PackedMatrix& matrix, int64_t num_rows, double count,
             const std::vector<double>& seconds) const {
    const double gigabytes = static_cast<double>(PackedBytes(matrix)) * count * 1e-9;
    const double gigaflops =
        2e-9 * static_cast<double>(num_rows * kOutFeatures * matrix.in_features) * count;
    const double best = seconds.front();
    const double median = seconds[seconds.size() / 2];
    fmt::print(
        "{:7} {:5} rows {:4}: GB/s best {:6.1f} median {:6.1f}   GFLOP/s best {:6.1f} "
        "median {:6.1f}\n",
        kernels.name, InfoOf(matrix.dtype).name, num_rows, gigabytes / best, gigabytes / median,
        gigaflops / best, gigaflops / median);
  }
};

void BenchAll(int num_threads, int repeats) {
  ThreadPool pool(num_threads);
  std::mt19937 random(7);
  for (const DType dtype : AllDTypes()) {
    const int64_t block = InfoOf(dtype).block_elements;
    const int64_t in_features = (kInFeatures + block - 1) / block * block;
    std::deque<TestingMatrix> matrices;
    for (int64_t i = 0; i < kNumMatrices; ++i)
      matrices.emplace_back(dtype, kOutFeatures, in_features, random);
    for (const KernelSet* kernels : AvailableKernels()) {
      if (kernels->name == "ref") continue;
      const Bench bench = {*kernels, pool, repeats};
      for (const int64_t num_rows : {1, 2, 4, 8, 16, 64, 512}) bench.Run(matrices, num_rows);
    }
  }
}

}  // namespace
}  // namespace redline::engine

int main(int argc, char** argv) {
  const int num_threads = argc > 1 ? std::atoi(argv[1]) : redline::AvailableCpus();
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 20;
  redline::engine::BenchAll(std::max(num_threads, 1), std::max(repeats, 1));
}
