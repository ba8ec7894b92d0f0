#include "engine/kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "engine/kernels/registry.h"
#include "engine/kernels/testing_data.h"

namespace redline::engine {
namespace {

// Weights sum to 1, so the error is that of a few hundred f32 operations on values of about 1.
constexpr float kTolerance = 5e-6f;

struct Shape {
  int64_t num_heads;
  int64_t num_kv_heads;
  int64_t head_dim;
  int64_t num_positions;
};

// The same keys and values of `shape.num_positions` positions in pages of any size, scattered.
class PagedCache {
 public:
  PagedCache(const Shape& shape, int64_t page_size, uint32_t content_seed, std::mt19937& random)
      : page_size_(page_size) {
    const int64_t num_pages = (shape.num_positions + page_size - 1) / page_size;
    const int64_t page_floats = shape.num_kv_heads * page_size * shape.head_dim;
    offsets_.resize(static_cast<size_t>(num_pages));
    std::iota(offsets_.begin(), offsets_.end(), 0);
    std::shuffle(offsets_.begin(), offsets_.end(), random);
    for (int64_t& offset : offsets_) offset *= page_floats;
    // Slots beyond the last position hold what a reused page may hold.
    keys_.assign(static_cast<size_t>(num_pages * page_floats), std::nanf(""));
    values_ = keys_;
    std::mt19937 content(content_seed);
    for (int64_t position = 0; position < shape.num_positions; ++position) {
      for (int64_t head = 0; head < shape.num_kv_heads; ++head) {
        const int64_t slot = head * page_size + position % page_size;
        const int64_t at =
            offsets_[static_cast<size_t>(position / page_size)] + slot * shape.head_dim;
        const std::vector<float> key = RandomFloats(shape.head_dim, content);
        const std::vector<float> value = RandomFloats(shape.head_dim, content);
        std::copy(key.begin(), key.end(), keys_.begin() + at);
        std::copy(value.begin(), value.end(), values_.begin() + at);
      }
    }
  }

  void Fill(AttentionArgs* args) const {
    args->keys = keys_.data();
    args->values = values_.data();
    args->page_offsets = offsets_.data();
    args->page_size = page_size_;
  }

 private:
  int64_t page_size_;
  std::vector<int64_t> offsets_;
  std::vector<float> keys_;
  std::vector<float> values_;
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

class AttentionTest : public testing::TestWithParam<const KernelSet*> {
 protected:
  Shape RandomShape() {
    const int64_t head_dims[] = {8, 20, 64, 80, 128, 256};
    const int64_t num_kv_heads = RandomInt(1, 3, random_);
    return {.num_heads = num_kv_heads * RandomInt(1, 5, random_),
            .num_kv_heads = num_kv_heads,
            .head_dim = head_dims[RandomInt(0, 5, random_)],
            .num_positions = RandomInt(1, 150, random_)};
  }
  std::vector<float> RandomQueries(const Shape& shape) {
    return RandomFloats(shape.num_positions * shape.num_heads * shape.head_dim, random_, 2);
  }

  std::mt19937 random_{77};
};

TEST_P(AttentionTest, MatchesReference) {
  for (int round = 0; round < 20; ++round) {
    const Shape shape = RandomShape();
    const PagedCache cache(shape, RandomInt(1, 40, random_), 5, random_);
    const std::vector<float> q = RandomQueries(shape);
    const int64_t first = RandomInt(0, shape.num_positions - 1, random_);
    const std::vector<float> expected =
        Attend(*AvailableKernels().front(), shape, cache, q, first, shape.num_positions, 48);
    const std::vector<float> actual =
        Attend(*GetParam(), shape, cache, q, first, shape.num_positions, kQueryTile);
    for (size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], kTolerance);
  }
}

// One position's bits do not depend on its chunk, its tile, or the page size.
TEST_P(AttentionTest, ChunksTilesAndPagesDoNotChangeBits) {
  for (int round = 0; round < 10; ++round) {
    const Shape shape = RandomShape();
    const std::vector<float> q = RandomQueries(shape);
    const PagedCache whole_cache(shape, 16, 9, random_);
    const std::vector<float> whole =
        Attend(*GetParam(), shape, whole_cache, q, 0, shape.num_positions, kQueryTile);
    const PagedCache other_cache(shape, RandomInt(1, 70, random_), 9, random_);
    std::vector<float> chunked;
    for (int64_t first = 0; first < shape.num_positions;) {
      const int64_t last = std::min(first + RandomInt(1, 40, random_), shape.num_positions);
      const int64_t tile = RandomInt(1, kQueryTile, random_);
      const std::vector<float> chunk =
          Attend(*GetParam(), shape, other_cache, q, first, last, tile);
      chunked.insert(chunked.end(), chunk.begin(), chunk.end());
      first = last;
    }
    ASSERT_EQ(whole.size(), chunked.size());
    EXPECT_EQ(std::memcmp(whole.data(), chunked.data(), whole.size() * sizeof(float)), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(AllVariants, AttentionTest, testing::ValuesIn(AvailableKernels()),
                         [](const auto& variant) { return std::string(variant.param->name); });

}  // namespace
}  // namespace redline::engine
