// Attention of many sequences that decode, and of a chunk of one prompt, for every type of KV
// cache. Keys and values of all sequences together are larger than the caches.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "engine/bench/bench_room.h"
#include "engine/kernels/kv_dtype_info.h"
#include "engine/kernels/testing_data.h"

namespace redline::engine {
namespace {

constexpr int64_t kPageSize = 16;
constexpr int64_t kContext = 1024;
constexpr int64_t kChunkRows = 512;
constexpr int64_t kMostSequences = 1024;

struct HeadShape {
  int64_t num_heads;
  int64_t num_kv_heads;
  int64_t head_dim;

  int64_t PageElements() const { return num_kv_heads * kPageSize * head_dim; }
  int64_t RowFloats() const { return num_heads * head_dim; }
  int64_t Group() const { return num_heads / num_kv_heads; }
};

// Keys, then values, of sequences of kContext positions each, their pages scattered.
struct BenchCache {
  BenchCache(const BenchRoom& room, const HeadShape& shape, KvDtype kv_dtype)
      : dtype(kv_dtype), pages_each(kContext / kPageSize) {
    const int64_t page_bytes = shape.PageElements() * InfoOf(dtype).element_bytes;
    const int64_t sequence_bytes = 2 * pages_each * page_bytes;
    num_sequences =
        std::clamp<int64_t>(room.memory.num_bytes() / sequence_bytes, 1, kMostSequences);
    page_offsets.resize(static_cast<size_t>(num_sequences * pages_each));
    keys = room.memory.data();
    values = keys + num_sequences * pages_each * page_bytes;
    std::mt19937 random(5);
    const std::vector<float> page = RandomFloats(shape.PageElements(), random);
    for (size_t i = 0; i < page_offsets.size(); ++i) {
      page_offsets[i] = static_cast<int64_t>(i) * shape.PageElements();
      for (std::byte* half : {keys, values})
        room.kernels.kv_store({page.data(), 1, shape.PageElements(), dtype,
                               half + static_cast<int64_t>(i) * page_bytes, 0});
    }
    std::shuffle(page_offsets.begin(), page_offsets.end(), random);
  }

  KvDtype dtype;
  int64_t pages_each;
  int64_t num_sequences = 0;
  std::vector<int64_t> page_offsets;
  std::byte* keys = nullptr;
  std::byte* values = nullptr;
};

// `num_rows` rows at the end of each of the first `num_sequences`, as one step does them.
class AttentionWork {
 public:
  AttentionWork(const BenchRoom& room, const HeadShape& shape, const BenchCache& cache,
                int64_t num_sequences, int64_t num_rows)
      : room_(room),
        shape_(shape),
        cache_(cache),
        num_sequences_(num_sequences),
        num_rows_(num_rows),
        query_tile_(room.kernels.query_tile),
        tiles_((num_rows * shape.Group() + query_tile_ - 1) / query_tile_),
        out_(static_cast<size_t>(num_sequences * num_rows * shape.RowFloats())) {
    std::mt19937 random(1);
    q_ = RandomFloats(num_rows * shape.RowFloats(), random);
  }

  void operator()() {
    room_.pool.Run(num_sequences_ * shape_.num_kv_heads * tiles_,
                   [this](int64_t task) { RunTask(task); });
  }

 private:
  void RunTask(int64_t task) {
    const int64_t kv_head = task % shape_.num_kv_heads;
    const int64_t begin = task / shape_.num_kv_heads % tiles_ * query_tile_;
    const int64_t sequence = task / (shape_.num_kv_heads * tiles_);
    const int64_t end = std::min(begin + query_tile_, num_rows_ * shape_.Group());
    room_.kernels.attention(
        {.q = q_.data(),
         .q_stride = shape_.RowFloats(),
         .out = out_.data() + sequence * num_rows_ * shape_.RowFloats(),
         .out_stride = shape_.RowFloats(),
         .num_heads = shape_.num_heads,
         .num_kv_heads = shape_.num_kv_heads,
         .head_dim = shape_.head_dim,
         .kv_dtype = cache_.dtype,
         .keys = cache_.keys,
         .values = cache_.values,
         .page_offsets = cache_.page_offsets.data() + sequence * cache_.pages_each,
         .page_size = kPageSize,
         .context_len = kContext - num_rows_},
        {kv_head, begin, end});
  }

  const BenchRoom& room_;
  const HeadShape& shape_;
  const BenchCache& cache_;
  const int64_t num_sequences_;
  const int64_t num_rows_;
  const int64_t query_tile_;
  const int64_t tiles_;  // of queries, for each KV head
  std::vector<float> q_;
  std::vector<float> out_;
};

KernelSpeed MeasureAttention(const BenchRoom& room, const HeadShape& shape, const BenchCache& cache,
                             int64_t num_sequences, int64_t num_rows, double budget_seconds) {
  AttentionWork work(room, shape, cache, num_sequences, num_rows);
  KernelSpeed speed{.kernel = "attention",
                    .operand = num_rows == 1 ? "decode" : "prefill",
                    .format = std::string(InfoOf(cache.dtype).name),
                    .rows = num_sequences * num_rows,
                    .context = kContext};
  speed.timing = MeasureWork([&work] { work(); }, budget_seconds);
  // Row r of a chunk sees all before it and itself.
  const double seen = static_cast<double>(num_rows) *
                      (static_cast<double>(kContext) - static_cast<double>(num_rows - 1) / 2);
  const auto sequences = static_cast<double>(num_sequences);
  speed.operations = sequences * 4 * seen * static_cast<double>(shape.RowFloats());
  speed.bytes = sequences * 2 *
                static_cast<double>(kContext * shape.num_kv_heads * shape.head_dim *
                                    InfoOf(cache.dtype).element_bytes);
  JudgeSpeed(room, "read", speed, room.kernels.arithmetic == Arithmetic::kBf16 ? "bf16" : "fp32");
  return speed;
}

}  // namespace

void AddAttentionPoints(const ModelConfig& config, std::vector<BenchPoint>& points) {
  const HeadShape shape = {config.num_attention_heads, config.num_key_value_heads, config.head_dim};
  const int64_t layers = config.num_hidden_layers;
  for (const KvDtypeInfo& info : KvDtypes()) {
    const KvDtype dtype = info.dtype;
    const int64_t sequence_bytes =
        2 * kContext * shape.num_kv_heads * shape.head_dim * info.element_bytes;
    points.push_back({.phase = fmt::format("attention {}", info.name),
                      .num_speeds = 2,
                      .memory_bytes = sequence_bytes,
                      .measure = [shape, dtype, layers](BenchRoom& room, double budget) {
                        const BenchCache cache(room, shape, dtype);
                        std::vector<KernelSpeed> speeds = {
                            MeasureAttention(room, shape, cache, cache.num_sequences, 1, budget),
                            MeasureAttention(room, shape, cache, 1, kChunkRows, budget)};
                        for (KernelSpeed& speed : speeds) speed.count = layers;
                        return speeds;
                      }});
  }
}

}  // namespace redline::engine
