// Speed of attention on this machine, for every KV dtype: GB/s of keys and values, and GFLOP/s.
//   attention_bench [threads] [repeats] [context]
// Decode: one query row for each of many sequences, whose keys and values together are larger than
// the caches ("memory") or one sequence's again and again ("cache"). Prefill: 512 rows at the end
// of one sequence. SmolLM2's shape: 9 heads, 3 KV heads of 64, pages of 16.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "base/clock.h"
#include "base/process.h"
#include "engine/kernels/kv_dtype_info.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/testing_data.h"
#include "engine/kernels/thread_pool.h"

namespace redline::engine {
namespace {

constexpr int64_t kHeads = 9;
constexpr int64_t kKvHeads = 3;
constexpr int64_t kHeadDim = 64;
constexpr int64_t kPageSize = 16;
constexpr int64_t kRowFloats = kHeads * kHeadDim;
constexpr int64_t kPageElements = kKvHeads * kPageSize * kHeadDim;

// Keys and values of sequences of `num_pages` pages each, their pages scattered.
struct Cache {
  Cache(const KernelSet& kernels, KvDtype dtype, int64_t num_sequences, int64_t num_pages)
      : pages_each(num_pages), page_offsets(static_cast<size_t>(num_sequences * num_pages)) {
    std::mt19937 random(5);
    for (size_t i = 0; i < page_offsets.size(); ++i)
      page_offsets[i] = static_cast<int64_t>(i) * kPageElements;
    std::shuffle(page_offsets.begin(), page_offsets.end(), random);
    const int64_t size = num_sequences * num_pages * kPageElements;
    const std::vector<float> page = RandomFloats(kPageElements, random);
    for (std::vector<std::byte>* half : {&keys, &values}) {
      half->resize(static_cast<size_t>(size * InfoOf(dtype).element_bytes));
      for (const int64_t offset : page_offsets) {
        kernels.kv_store({page.data(), 1, kPageElements, dtype,
                          half->data() + offset * InfoOf(dtype).element_bytes, 0});
      }
    }
  }

  int64_t pages_each;
  std::vector<int64_t> page_offsets;
  std::vector<std::byte> keys;
  std::vector<std::byte> values;
};

struct Bench {
  const KernelSet& kernels;
  ThreadPool& pool;
  int repeats;
  KvDtype dtype;

  // `num_rows` rows at the end of each of the first `num_sequences` of `cache`, `rounds` times.
  void Run(const char* name, const Cache& cache, int64_t num_sequences, int64_t rounds,
           int64_t num_rows) const {
    std::mt19937 random(1);
    const std::vector<float> q = RandomFloats(num_rows * kRowFloats, random);
    std::vector<float> out(static_cast<size_t>(num_sequences * num_rows * kRowFloats));
    const int64_t context = cache.pages_each * kPageSize;
    const int64_t queries = num_rows * kHeads / kKvHeads;
    const int64_t tiles = (queries + kQueryTile - 1) / kQueryTile;
    const auto one = [&](int64_t task) {
      const int64_t sequence = task / (kKvHeads * tiles) % num_sequences;
      const int64_t begin = task / kKvHeads % tiles * kQueryTile;
      kernels.attention({.q = q.data(),
                         .q_stride = kRowFloats,
                         .out = out.data() + sequence * num_rows * kRowFloats,
                         .out_stride = kRowFloats,
                         .num_heads = kHeads,
                         .num_kv_heads = kKvHeads,
                         .head_dim = kHeadDim,
                         .kv_dtype = dtype,
                         .keys = cache.keys.data(),
                         .values = cache.values.data(),
                         .page_offsets = cache.page_offsets.data() + sequence * cache.pages_each,
                         .page_size = kPageSize,
                         .context_len = context - num_rows},
                        {task % kKvHeads, begin, std::min(begin + kQueryTile, queries)});
    };
    std::vector<double> seconds;
    for (int repeat = 0; repeat <= repeats; ++repeat) {
      const MonotonicTime start = MonotonicNow();
      for (int64_t round = 0; round < rounds; ++round)
        pool.Run(num_sequences * kKvHeads * tiles, one);
      if (repeat > 0) seconds.push_back(SecondsSince(start));  // the first one warms up
    }
    std::sort(seconds.begin(), seconds.end());
    const auto steps = static_cast<double>(rounds * num_sequences);
    const double elements = steps * static_cast<double>(2 * context * kKvHeads * kHeadDim);
    const double bytes = elements * static_cast<double>(InfoOf(dtype).element_bytes);
    const double flops = elements * 2 * static_cast<double>(num_rows * kHeads / kKvHeads);
    const double median = seconds[seconds.size() / 2];
    fmt::print("{:7} {:8} {:14} {:7.2f} us/row  {:6.1f} GB/s  {:6.2f} Gelem/s  {:6.1f} GFLOP/s\n",
               kernels.name, InfoOf(dtype).name, name,
               median / steps / static_cast<double>(num_rows) * 1e6, bytes * 1e-9 / median,
               elements * 1e-9 / median, flops * 1e-9 / median);
  }
};

void BenchAll(int num_threads, int repeats, int64_t context) {
  constexpr int64_t kSequences = 256;
  ThreadPool pool(num_threads);
  const int64_t num_pages = (context + kPageSize - 1) / kPageSize;
  for (const KernelSet* kernels : AvailableKernels()) {
    if (kernels->name == "ref") continue;
    for (const KvDtypeInfo& info : KvDtypes()) {
      const Cache cache(*kernels, info.dtype, kSequences, num_pages);
      const Bench bench = {*kernels, pool, repeats, info.dtype};
      bench.Run("decode memory", cache, kSequences, 1, 1);
      bench.Run("decode cache", cache, 1, kSequences, 1);
      bench.Run("prefill 512", cache, 1, 1, std::min<int64_t>(512, num_pages * kPageSize));
    }
  }
}

}  // namespace
}  // namespace redline::engine

int main(int argc, char** argv) {
  const int num_threads = argc > 1 ? std::atoi(argv[1]) : redline::AvailableCpus();
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 20;
  const int context = argc > 3 ? std::atoi(argv[3]) : 1024;
  redline::engine::BenchAll(std::max(num_threads, 1), std::max(repeats, 1), std::max(context, 1));
}
