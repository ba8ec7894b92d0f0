// attention.h over any vector type of simd/.
//
// For every absolute block of kKvBlock positions the tile's queries can see, in order:
//   gather    keys transposed to [head_dim][32], values to [32][padded head_dim] (unseen rows zero)
//   scores    [queries][32] = scaled q x keys, lanes are positions: one FMA chain over head_dim
//   softmax   running maximum and sum per query, positions after the query's own get weight 0
//   values    out = out * correction + weights x values: one FMA chain over positions
// The gather pays for paging and tails once per block; both products are then the matmul's tile.
#pragma once

#include "engine/kernels/attention/attention.h"
#include "engine/kernels/simd/exp.h"
#include "engine/kernels/simd/tile.h"
#include "engine/kernels/simd/transpose.h"

namespace redline::engine {

template <typename Simd>
class AttentionSimd {
 public:
  static void Run(const AttentionArgs& args, const QueryRange& range) {
    AttentionSimd attention(args, range);
    attention.LoadQueries();
    const int64_t num_positions = attention.PositionOf(attention.num_queries_ - 1) + 1;
    for (int64_t begin = 0; begin < num_positions; begin += kKvBlock) {
      const int64_t left = num_positions - begin;
      attention.AddBlock(begin, left < kKvBlock ? left : kKvBlock);
    }
    attention.StoreResults();
  }

 private:
  using Vec = typename Simd::Vec;
  static constexpr int kVecs = static_cast<int>(kKvBlock) / Simd::kLanes;
  static constexpr int64_t kTileColumns = Simd::kTileVecs * Simd::kLanes;
  static_assert(kKvBlock % kTileColumns == 0);

  AttentionSimd(const AttentionArgs& args, const QueryRange& range)
      : args_(args),
        range_(range),
        num_queries_(range.query_end - range.query_begin),
        group_(args.num_heads / args.num_kv_heads),
        padded_dim_((args.head_dim + kTileColumns - 1) / kTileColumns * kTileColumns) {}

  int64_t RowOf(int64_t query) const { return (range_.query_begin + query) / group_; }
  int64_t HeadOf(int64_t query) const {
    return range_.kv_head * group_ + (range_.query_begin + query) % group_;
  }
  int64_t PositionOf(int64_t query) const { return args_.context_len + RowOf(query); }

  void LoadQueries() {
    const Vec scale = Simd::Set1(1.0f / __builtin_sqrtf(static_cast<float>(args_.head_dim)));
    for (int64_t query = 0; query < num_queries_; ++query) {
      const float* from = args_.q + RowOf(query) * args_.q_stride + HeadOf(query) * args_.head_dim;
      for (int64_t i = 0; i < padded_dim_; i += Simd::kLanes) {
        const Vec values = Simd::LoadPartial(from + i, args_.head_dim - i);
        Simd::Store(queries_ + query * padded_dim_ + i, Simd::Mul(values, scale));
        Simd::Store(sums_ + query * padded_dim_ + i, Simd::Zero());
      }
      largest_[query] = -1e30f;
      total_[query] = 0;
    }
  }

  // Rows of the cache, `count` of them from position `begin` on; then a row of zeros.
  void FindRows(const float* pool, int64_t begin, int64_t count, const float** rows) const {
    for (int64_t i = 0; i < kKvBlock; ++i) {
      const int64_t position = begin + i;
      rows[i] = i < count ? pool + args_.page_offsets[position / args_.page_size] +
                                (range_.kv_head * args_.page_size + position % args_.page_size) *
                                    args_.head_dim
                          : zeros_;
    }
  }

  void GatherBlock(int64_t begin, int64_t count) {
    const float* rows[kKvBlock];
    FindRows(args_.keys, begin, count, rows);
    TransposeRows(rows, kKvBlock, args_.head_dim, keys_);
    FindRows(args_.values, begin, count, rows);
    for (int64_t row = 0; row < kKvBlock; ++row) {
      for (int64_t i = 0; i < padded_dim_; i += Simd::kLanes)
        Simd::Store(values_ + row * padded_dim_ + i,
                    Simd::LoadPartial(rows[row] + i, args_.head_dim - i));
    }
  }

  void AddBlock(int64_t begin, int64_t count) {
    GatherBlock(begin, count);
    // Queries are in the order of their positions: those that see this block are the last ones.
    int64_t first = 0;
    while (PositionOf(first) < begin) ++first;
    for (int64_t query = first; query < num_queries_; query += Simd::kTileRows) {
      const int64_t left = num_queries_ - query;
      WithRows<Simd::kTileRows>(left < Simd::kTileRows ? left : Simd::kTileRows, [&](auto rows) {
        constexpr int kRows = decltype(rows)::value;
        for (int64_t column = 0; column < kKvBlock; column += kTileColumns)
          ScoreTile<kRows>(query, column);
        for (int row = 0; row < kRows; ++row) Weigh(query + row, begin);
        for (int64_t column = 0; column < padded_dim_; column += kTileColumns)
          ValueTile<kRows>(query, column);
      });
    }
  }

  template <int kRows>
  void ScoreTile(int64_t query, int64_t column) {
    Vec acc[kRows][Simd::kTileVecs];
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
      for (int v = 0; v < Simd::kTileVecs; ++v) acc[row][v] = Simd::Zero();
    }
    MultiplyTile<Simd, kRows, Simd::kTileVecs>(queries_ + query * padded_dim_, padded_dim_,
                                               keys_ + column, kKvBlock, args_.head_dim, acc);
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
      for (int v = 0; v < Simd::kTileVecs; ++v) {
        Simd::Store(scores_ + (query + row) * kKvBlock + column + v * Simd::kLanes, acc[row][v]);
      }
    }
  }

  // Turns a query's scores of the block at `begin` into softmax weights relative to the new
  // maximum.
  void Weigh(int64_t query, int64_t begin) {
    float* scores = scores_ + query * kKvBlock;
    const int64_t visible = PositionOf(query) + 1 - begin;
    Vec block[kVecs];
    Vec largest = Simd::Set1(largest_[query]);
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) {
      const Vec loaded = Simd::Load(scores + v * Simd::kLanes);
      block[v] = Simd::FillTail(loaded, visible - v * Simd::kLanes, -__builtin_inff());
      largest = Simd::Max(largest, block[v]);  // NaN scores pass on
    }
    const Vec new_largest = Simd::Set1(Simd::MaxLane(largest));
    Vec sum = Simd::Zero();
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) {
      block[v] = Exp<Simd>(Simd::Sub(block[v], new_largest));
      sum = Simd::Add(sum, block[v]);
      Simd::Store(scores + v * Simd::kLanes, block[v]);
    }
    const Vec correction = Exp<Simd>(Simd::Sub(Simd::Set1(largest_[query]), new_largest));
    correction_[query] = Simd::First(correction);
    largest_[query] = Simd::First(new_largest);
    total_[query] = __builtin_fmaf(total_[query], correction_[query], Simd::Sum(sum));
  }

  template <int kRows>
  void ValueTile(int64_t query, int64_t column) {
    Vec acc[kRows][Simd::kTileVecs];
    float* sums = sums_ + query * padded_dim_ + column;
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
      const Vec correction = Simd::Set1(correction_[query + row]);
#pragma GCC unroll 8
      for (int v = 0; v < Simd::kTileVecs; ++v) {
        const Vec sum = Simd::Load(sums + row * padded_dim_ + v * Simd::kLanes);
        acc[row][v] = Simd::Mul(sum, correction);
      }
    }
    MultiplyTile<Simd, kRows, Simd::kTileVecs>(scores_ + query * kKvBlock, kKvBlock,
                                               values_ + column, padded_dim_, kKvBlock, acc);
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
      for (int v = 0; v < Simd::kTileVecs; ++v)
        Simd::Store(sums + row * padded_dim_ + v * Simd::kLanes, acc[row][v]);
    }
  }

  void StoreResults() {
    for (int64_t query = 0; query < num_queries_; ++query) {
      float* out = args_.out + RowOf(query) * args_.out_stride + HeadOf(query) * args_.head_dim;
      const Vec total = Simd::Set1(total_[query]);
      for (int64_t i = 0; i < args_.head_dim; i += Simd::kLanes) {
        const Vec sum = Simd::Load(sums_ + query * padded_dim_ + i);
        Simd::StorePartial(out + i, args_.head_dim - i, Simd::Div(sum, total));
      }
    }
  }

  const AttentionArgs& args_;
  const QueryRange& range_;
  const int64_t num_queries_;
  const int64_t group_;
  const int64_t padded_dim_;

  alignas(64) float queries_[kQueryTile * kMaxHeadDim];  // [query][padded_dim], scaled
  alignas(64) float sums_[kQueryTile * kMaxHeadDim];     // [query][padded_dim], weighted values
  alignas(64) float keys_[kMaxHeadDim * kKvBlock];       // [head_dim][32]
  alignas(64) float values_[kKvBlock * kMaxHeadDim];     // [32][padded_dim]
  alignas(64) float scores_[kQueryTile * kKvBlock];      // [query][32]
  float largest_[kQueryTile];
  float total_[kQueryTile];
  float correction_[kQueryTile];
  static constexpr float zeros_[kMaxHeadDim] = {};
};

}  // namespace redline::engine
