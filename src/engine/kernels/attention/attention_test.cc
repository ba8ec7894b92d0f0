#include "engine/kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <tuple>

#include "engine/kernels/kv_dtype_info.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/testing_data.h"

namespace redline::engine {
namespace {

// Weights sum to 1, so the error is that of a few hundred f32 operations on values of about 1.
// Of bf16 rounding eight bits are left: measured 0.0006 in the middle, at most 0.037.
float ToleranceOf(const KernelSet& kernels) {
  return kernels.arithmetic == Arithmetic::kBf16 ? 6e-2f : 5e-6f;
}
float MeanToleranceOf(const KernelSet& kernels) {
  return kernels.arithmetic == Arithmetic::kBf16 ? 2e-3f : 5e-6f;
}

struct Shape {
  int64_t num_heads;
  int64_t num_kv_heads;
  int64_t head_dim;
  int64_t num_positions;
};

// The same keys and values of `shape.num_positions` positions in pages of any size, scattered.
class PagedCache {
 public:
  PagedCache(const Shape& shape, KvDtype dtype, int64_t page_size, uint32_t content_seed,
             std::mt19937& random)
      : shape_(shape), dtype_(dtype), page_size_(page_size) {
    const int64_t num_pages = (shape.num_positions + page_size - 1) / page_size;
    const int64_t page_elements = shape.num_kv_heads * page_size * shape.head_dim;
    offsets_.resize(static_cast<size_t>(num_pages));
    std::iota(offsets_.begin(), offsets_.end(), 0);
    std::shuffle(offsets_.begin(), offsets_.end(), random);
    for (int64_t& offset : offsets_) offset *= page_elements;
    // Slots beyond the last position hold what a reused page may hold: NaN in every dtype.
    keys_.assign(static_cast<size_t>(num_pages * page_elements * InfoOf(dtype).element_bytes),
                 std::byte{0xff});
    values_ = keys_;
    std::mt19937 content(content_seed);
    for (int64_t position = 0; position < shape.num_positions; ++position) {
      Store(RandomFloats(shape.num_kv_heads * shape.head_dim, content), position, keys_);
      Store(RandomFloats(shape.num_kv_heads * shape.head_dim, content), position, values_);
    }
  }

  // The last element of the position's key or value in the first KV head becomes NaN.
  void Poison(bool in_keys, int64_t position) {
    std::vector<float> head = std::vector<float>(static_cast<size_t>(shape_.head_dim), 0.5f);
    head.back() = std::nanf("");
    head.resize(static_cast<size_t>(shape_.num_kv_heads * shape_.head_dim));
    Store(head, position, in_keys ? keys_ : values_);
  }

  void Fill(AttentionArgs* args) const {
    args->kv_dtype = dtype_;
    args->keys = keys_.data();
    args->values = values_.data();
    args->page_offsets = offsets_.data();
    args->page_size = page_size_;
  }

 private:
  void Store(const std::vector<float>& heads, int64_t position, std::vector<std::byte>& half) {
    const int64_t element = offsets_[static_cast<size_t>(position / page_size_)] +
                            position % page_size_ * shape_.head_dim;
    KvStoreRef({.heads = heads.data(),
                .num_heads = shape_.num_kv_heads,
                .head_dim = shape_.head_dim,
                .dtype = dtype_,
                .out = half.data() + element * InfoOf(dtype_).element_bytes,
                .out_stride = page_size_ * shape_.head_dim});
  }

  const Shape shape_;
  const KvDtype dtype_;
  const int64_t page_size_;
  std::vector<int64_t> offsets_;
  std::vector<std::byte> keys_;
  std::vector<std::byte> values_;
};

// Attention of positions [first, last) of a sequence whose queries are `q`, in tiles of `tile`.
std::vector<float> Attend(const KernelSet& kernels, const Shape& shape, const PagedCache& cache,
                          const std::vector<float>& q, int64_t first, int64_t last, int64_t tile) {
  const int64_t stride = shape.num_heads * shape.head_dim;
  std::vector<float> out(static_cast<size_t>((last - first) * stride));
  AttentionArgs args = {.q = q.data() + first * stride,
                        .q_stride = stride,
                        .out = out.data(),
                        .out_stride = stride,
                        .num_heads = shape.num_heads,
                        .num_kv_heads = shape.num_kv_heads,
                        .head_dim = shape.head_dim,
                        .context_len = first};
  cache.Fill(&args);
  const int64_t num_queries = (last - first) * shape.num_heads / shape.num_kv_heads;
  for (int64_t kv_head = 0; kv_head < shape.num_kv_heads; ++kv_head) {
    for (int64_t query = 0; query < num_queries; query += tile)
      kernels.attention(args, {kv_head, query, std::min(query + tile, num_queries)});
  }
  return out;
}

using Variant = std::tuple<const KernelSet*, KvDtypeInfo>;

class AttentionTest : public testing::TestWithParam<Variant> {
 protected:
  static const KernelSet& kernels() { return *std::get<0>(GetParam()); }
  static KvDtype dtype() { return std::get<1>(GetParam()).dtype; }
  Shape RandomShape() {
    const int64_t head_dims[] = {8, 20, 22, 64, 80, 128, 256};
    const int64_t num_kv_heads = RandomInt(1, 3, random_);
    return {.num_heads = num_kv_heads * RandomInt(1, 5, random_),
            .num_kv_heads = num_kv_heads,
            .head_dim = head_dims[RandomInt(0, 6, random_)],
            .num_positions = RandomInt(1, 150, random_)};
  }
  std::vector<float> RandomQueries(const Shape& shape) {
    return RandomFloats(shape.num_positions * shape.num_heads * shape.head_dim, random_, 2);
  }

  std::mt19937 random_{77};
};

// Over the same stored elements: what the dtype lost in storing is not the kernel's.
TEST_P(AttentionTest, MatchesReference) {
  double sum = 0;
  double count = 0;
  for (int round = 0; round < 20; ++round) {
    const Shape shape = RandomShape();
    const PagedCache cache(shape, dtype(), RandomInt(1, 40, random_), 5, random_);
    const std::vector<float> q = RandomQueries(shape);
    const int64_t first = RandomInt(0, shape.num_positions - 1, random_);
    const std::vector<float> expected =
        Attend(*AvailableKernels().front(), shape, cache, q, first, shape.num_positions, 48);
    const std::vector<float> actual =
        Attend(kernels(), shape, cache, q, first, shape.num_positions, kernels().query_tile);
    for (size_t i = 0; i < actual.size(); ++i) {
      ASSERT_NEAR(actual[i], expected[i], ToleranceOf(kernels()));
      sum += std::abs(actual[i] - expected[i]);
      ++count;
    }
  }
  EXPECT_LE(sum / count, MeanToleranceOf(kernels()));
}

// One position's bits do not depend on its chunk, its tile, or the page size.
TEST_P(AttentionTest, ChunksTilesAndPagesDoNotChangeBits) {
  for (int round = 0; round < 10; ++round) {
    const Shape shape = RandomShape();
    const std::vector<float> q = RandomQueries(shape);
    const PagedCache whole_cache(shape, dtype(), 16, 9, random_);
    const std::vector<float> whole =
        Attend(kernels(), shape, whole_cache, q, 0, shape.num_positions, kernels().query_tile);
    const PagedCache other_cache(shape, dtype(), RandomInt(1, 70, random_), 9, random_);
    std::vector<float> chunked;
    for (int64_t first = 0; first < shape.num_positions;) {
      const int64_t last = std::min(first + RandomInt(1, 40, random_), shape.num_positions);
      const int64_t tile = RandomInt(1, kernels().query_tile, random_);
      const std::vector<float> chunk = Attend(kernels(), shape, other_cache, q, first, last, tile);
      chunked.insert(chunked.end(), chunk.begin(), chunk.end());
      first = last;
    }
    ASSERT_EQ(whole.size(), chunked.size());
    EXPECT_EQ(std::memcmp(whole.data(), chunked.data(), whole.size() * sizeof(float)), 0);
  }
}

// A NaN in one position's key or value reaches every query that sees it, and none in an earlier
// block. (Between them, a value is multiplied with a weight of 0.)
TEST_P(AttentionTest, NanIsNotHidden) {
  const Shape shape = {.num_heads = 2, .num_kv_heads = 1, .head_dim = 64, .num_positions = 50};
  const std::vector<float> q = RandomQueries(shape);
  for (const bool in_keys : {true, false}) {
    PagedCache cache(shape, dtype(), 16, 5, random_);
    cache.Poison(in_keys, 40);
    const std::vector<float> out =
        Attend(kernels(), shape, cache, q, 0, shape.num_positions, kernels().query_tile);
    const auto row_size = static_cast<size_t>(shape.num_heads * shape.head_dim);
    const auto is_nan = [](float value) { return std::isnan(value); };
    for (size_t row = 0; row < static_cast<size_t>(shape.num_positions); ++row) {
      const auto begin = out.begin() + static_cast<ptrdiff_t>(row * row_size);
      const bool any = std::any_of(begin, begin + static_cast<ptrdiff_t>(row_size), is_nan);
      if (row >= kKvBlock && row < 40) continue;
      EXPECT_EQ(any, row >= 40) << row;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllVariants, AttentionTest,
                         testing::Combine(testing::ValuesIn(AvailableKernels()),
                                          testing::ValuesIn(KvDtypes().begin(), KvDtypes().end())),
                         [](const auto& variant) {
                           return std::string(std::get<0>(variant.param)->name) + "_" +
                                  std::string(std::get<1>(variant.param).name);
                         });

}  // namespace
}  // namespace redline::engine
