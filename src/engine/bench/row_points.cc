// What is done to each row by itself: norms, activation, rotation, storing keys, and the sampler's
// reductions. A chunk of rows at once, as a forward pass does them; rows stay in the caches.
#include <algorithm>
#include <utility>

#include "engine/bench/bench_room.h"
#include "engine/kernels/testing_data.h"

namespace redline::engine {
namespace {

constexpr int64_t kChunk = 512;

// `row_floats` floats of input, and of output, a row; a row's work reads and writes `bytes` and
// does `operations`.
struct RowWork {
  std::string kernel;
  std::string format;
  int64_t rows = kChunk;
  int64_t row_floats = 0;
  int64_t count = 0;
  double bytes = 0;
  double operations = 0;
  // in, out: of one row.
  std::function<void(const KernelSet& kernels, float* in, float* out)> run;
};

std::vector<KernelSpeed> MeasureRowWork(const RowWork& work, const BenchRoom& room, double budget) {
  std::mt19937 random(3);
  std::vector<float> in = RandomFloats(work.rows * work.row_floats, random);
  std::vector<float> out(in.size());
  KernelSpeed speed{
      .kernel = work.kernel, .format = work.format, .rows = work.rows, .count = work.count};
  speed.timing = MeasureWork(
      [&] {
        room.pool.Run(work.rows, [&](int64_t row) {
          work.run(room.kernels, in.data() + row * work.row_floats,
                   out.data() + row * work.row_floats);
        });
      },
      budget);
  speed.bytes = work.bytes * static_cast<double>(work.rows);
  speed.operations = work.operations * static_cast<double>(work.rows);
  JudgeSpeed(room, "cache_read", speed);
  return {speed};
}

RowWork NormWork(const ModelConfig& config) {
  const int64_t size = config.hidden_size;
  auto weight = std::vector<float>(static_cast<size_t>(size), 1.0F);
  return {.kernel = "rms_norm",
          .row_floats = size,
          .count = 2 * config.num_hidden_layers + 1,
          .bytes = 12.0 * static_cast<double>(size),
          .operations = 4.0 * static_cast<double>(size),
          .run = [size, weight](const KernelSet& kernels, float* in, float* out) {
            kernels.rms_norm(
                {.x = in, .weight = weight.data(), .out = out, .size = size, .epsilon = 1e-5F});
          }};
}

RowWork SiluWork(const ModelConfig& config) {
  const int64_t size = config.intermediate_size;
  return {.kernel = "silu_mul",
          .row_floats = 2 * size,
          .count = config.num_hidden_layers,
          .bytes = 12.0 * static_cast<double>(size),
          .operations = 20.0 * static_cast<double>(size),
          .run = [size](const KernelSet& kernels, float* in, float* out) {
            kernels.silu_mul({.gate = in, .up = in + size, .out = out, .size = size});
          }};
}

RowWork RopeWork(const ModelConfig& config) {
  const int64_t heads = config.num_attention_heads + config.num_key_value_heads;
  const int64_t dim = config.head_dim;
  // A rotation by nothing: the heads may be turned as often as one likes.
  auto cos = std::vector<float>(static_cast<size_t>(dim / 2), 1.0F);
  auto sin = std::vector<float>(static_cast<size_t>(dim / 2), 0.0F);
  const RopePairs pairs = config.rope_layout == RopeLayout::kInterleaved ? RopePairs::kInterleaved
                                                                         : RopePairs::kHalfSplit;
  return {.kernel = "rope",
          .row_floats = heads * dim,
          .count = config.num_hidden_layers,
          .bytes = 8.0 * static_cast<double>(heads * dim),
          .operations = 3.0 * static_cast<double>(heads * dim),
          .run = [heads, dim, cos, sin, pairs](const KernelSet& kernels, float* in, float*) {
            kernels.rope({in, heads, dim, cos.data(), sin.data(), pairs});
          }};
}

// The row's keys, one after the other, in f32.
RowWork StoreWork(const ModelConfig& config) {
  const int64_t heads = config.num_key_value_heads;
  const int64_t dim = config.head_dim;
  return {.kernel = "kv_store",
          .format = "f32",
          .row_floats = heads * dim,
          .count = 2 * config.num_hidden_layers,
          .bytes = 8.0 * static_cast<double>(heads * dim),
          .run = [heads, dim](const KernelSet& kernels, float* in, float* out) {
            kernels.kv_store({in, heads, dim, KvDtype::kF32, out, dim});
          }};
}

}  // namespace

void AddRowPoints(const ModelConfig& config, std::vector<BenchPoint>& points) {
  for (const RowWork& work :
       {NormWork(config), SiluWork(config), RopeWork(config), StoreWork(config)})
    points.push_back({.phase = work.kernel, .measure = [work](BenchRoom& room, double budget) {
                        return MeasureRowWork(work, room, budget);
                      }});
}

}  // namespace redline::engine
