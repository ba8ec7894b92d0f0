// attention.h over any vector type of simd/.
//
// For every absolute block of kKvBlock positions the tile's queries can see, in order:
//   keys      decoded and transposed to [head_dim][32] (kv_blocks.h)
//   scores    [queries][32] = scaled q x keys, lanes are positions: one FMA chain over head_dim
//   softmax   running maximum and sum per query, positions after the query's own get weight 0
//   values    sum = sum * correction + weights x values: one FMA chain over positions
// Both products are the matmul's register tile.
//
// Measured on one core of an AMD EPYC (Zen 5, 2 vCPU KVM guest, other load on the machine),
// AVX-512, head_dim 64, 3 heads per KV head, context 1000, pages of 16, median:
//   decode      27 GB/s of keys and values from DRAM (9 without the prefetch), 38 from cache
//   512 rows    174 GFLOP/s, two thirds of the core's FMA peak
// On one core of an older one (Zen 3), AVX2, decode, elements of keys and values per nanosecond:
//              from DRAM   from cache
//   f32            2.5        5.1     bound by memory
//   bf16           3.7        6.6     half the bytes and half the shuffles of the transposition
//   fp8_e4m3       3.6        4.6     bound by decoding: what it saves is memory, not time
#pragma once

#include "engine/kernels/attention/kv_blocks.h"
#include "engine/kernels/simd/exp.h"
#include "engine/kernels/simd/tile.h"

namespace redline::engine {

template <typename Simd, KvDtype kDtype>
class AttentionSimd {
 public:
  static void Run(const AttentionArgs& args, const QueryRange& range) {
    AttentionSimd attention(args, range);
    attention.LoadQueries();
    const int64_t last_row = attention.RowOf(attention.num_queries_ - 1);
    const int64_t num_positions = args.context_len + last_row + 1;
    for (int64_t begin = 0; begin < num_positions; begin += kKvBlock)
      attention.AddBlock(begin, num_positions);
    attention.StoreResults();
  }

 private:
  using Vec = typename Simd::Vec;
  using Blocks = KvBlocks<Simd, kDtype>;
  static constexpr int kVecs = static_cast<int>(kKvBlock) / Simd::kLanes;
  static constexpr int64_t kTileColumns = Simd::kTileVecs * Simd::kLanes;
  static_assert(kKvBlock % kTileColumns == 0);

  AttentionSimd(const AttentionArgs& args, const QueryRange& range)
      : args_(args),
        range_(range),
        num_queries_(range.query_end - range.query_begin),
        group_(args.num_heads / args.num_kv_heads),
        padded_dim_((args.head_dim + kTileColumns - 1) / kTileColumns * kTileColumns),
        blocks_(args, range.kv_head, padded_dim_,
                num_queries_ <= Simd::kTileRows ? Blocks::ValueReads::kOnce
                                                : Blocks::ValueReads::kManyTimes) {}

  int64_t RowOf(int64_t query) const { return (range_.query_begin + query) / group_; }
  int64_t HeadOf(int64_t query) const {
    return range_.kv_head * group_ + (range_.query_begin + query) % group_;
  }

  void LoadQueries() {
    const float root = __builtin_sqrtf(static_cast<float>(args_.head_dim));
    const Vec scale = Simd::Set1(Blocks::kScale / root);
    for (int64_t query = 0; query < num_queries_; ++query) {
      const float* from = args_.q + RowOf(query) * args_.q_stride + HeadOf(query) * args_.head_dim;
      for (int64_t i = 0; i < padded_dim_; i += Simd::kLanes) {
        const Vec values = Simd::LoadPartial(from + i, args_.head_dim - i);
        Simd::Store(queries_ + query * padded_dim_ + i, Simd::Mul(values, scale));
        Simd::Store(sums_ + query * padded_dim_ + i, Simd::Zero());
      }
      positions_[query] = args_.context_len + RowOf(query);
      largest_[query] = -1e30f;
      Simd::Store(totals_ + query * Simd::kLanes, Simd::Zero());
    }
  }

  void AddBlock(int64_t begin, int64_t num_positions) {
    blocks_.Take(begin, num_positions);
    // Queries are in the order of their positions: those that see this block are the last ones.
    int64_t first = 0;
    while (positions_[first] < begin) ++first;
    for (int64_t query = first; query < num_queries_; query += Simd::kTileRows) {
      const int64_t left = num_queries_ - query;
      WithRows<Simd::kTileRows>(left < Simd::kTileRows ? left : Simd::kTileRows, [&](auto rows) {
        constexpr int kRows = decltype(rows)::value;
        for (int64_t column = 0; column < kKvBlock; column += kTileColumns)
          ScoreTile<kRows>(query, column);
        SoftmaxTile<kRows>(query, begin);
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
                                               blocks_.keys() + column, kKvBlock, args_.head_dim,
                                               acc);
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
      for (int v = 0; v < Simd::kTileVecs; ++v) {
        Simd::Store(scores_ + (query + row) * kKvBlock + column + v * Simd::kLanes, acc[row][v]);
      }
    }
  }

  // The tile's scores become softmax weights, relative to each query's new maximum.
  template <int kRows>
  void SoftmaxTile(int64_t first, int64_t begin) {
    for (int64_t query = first; query < first + kRows; ++query) HideAndFindLargest(query, begin);
    for (int64_t query = first; query < first + kRows; query += Simd::kLanes) {
      const Vec largest = Simd::Load(largest_ + query);
      const Vec new_largest = Simd::Load(new_largest_ + query);
      Simd::Store(correction_ + query, Exp<Simd>(Simd::Sub(largest, new_largest)));
    }
    for (int64_t query = first; query < first + kRows; ++query) {
      blocks_.PrefetchNext(8);
      Weigh(query);
    }
  }

  // Positions after the query's own get score -inf.
  void HideAndFindLargest(int64_t query, int64_t begin) {
    float* scores = scores_ + query * kKvBlock;
    const int64_t num_visible = positions_[query] + 1 - begin;
    Vec largest = Simd::Set1(largest_[query]);
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) {
      Vec block = Simd::Load(scores + v * Simd::kLanes);
      if (num_visible < kKvBlock) {
        block = Simd::FillTail(block, num_visible - v * Simd::kLanes, -__builtin_inff());
        Simd::Store(scores + v * Simd::kLanes, block);
      }
      largest = Simd::Max(largest, block);
    }
    new_largest_[query] = Simd::MaxLane(largest);
  }

  void Weigh(int64_t query) {
    float* scores = scores_ + query * kKvBlock;
    float* totals = totals_ + query * Simd::kLanes;
    const Vec largest = Simd::Set1(new_largest_[query]);
    Vec total = Simd::Mul(Simd::Load(totals), Simd::Set1(correction_[query]));
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) {
      const Vec score = Simd::Load(scores + v * Simd::kLanes);
      const Vec weight = Exp<Simd>(Simd::Sub(score, largest));
      total = Simd::Add(total, weight);
      Simd::Store(scores + v * Simd::kLanes, weight);
    }
    Simd::Store(totals, total);
    largest_[query] = new_largest_[query];
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
    const float* weights = scores_ + query * kKvBlock;
    blocks_.ForEachRunOfValues([&](const auto* values,
                                   int64_t count) __attribute__((always_inline)) {
      blocks_.PrefetchNext(16);
      MultiplyTile<Simd, kRows, Simd::kTileVecs>(
          weights, kKvBlock, values + column, padded_dim_, count, acc,
          [](const auto* from, Vec(&columns)[Simd::kTileVecs])
              __attribute__((always_inline)) { Blocks::LoadValues(from, columns); });
      weights += count;
    });
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
      const float total_weight = Simd::Sum(Simd::Load(totals_ + query * Simd::kLanes));
      const Vec total = Simd::Set1(total_weight / Blocks::kScale);
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
  Blocks blocks_;

  alignas(64) float queries_[kQueryTile * kMaxHeadDim];  // [query][padded_dim], scaled
  alignas(64) float sums_[kQueryTile * kMaxHeadDim];     // [query][padded_dim], weighted values
  alignas(64) float scores_[kQueryTile * kKvBlock];      // [query][32]
  int64_t positions_[kQueryTile];
  alignas(64) float totals_[kQueryTile * Simd::kLanes];  // partial sums of weights, by lane
  // Per query, padded to whole vectors.
  alignas(64) float largest_[kQueryTile + Simd::kLanes];
  alignas(64) float new_largest_[kQueryTile + Simd::kLanes];
  alignas(64) float correction_[kQueryTile + Simd::kLanes];
};

template <typename Simd>
void RunAttention(const AttentionArgs& args, const QueryRange& range) {
  switch (args.kv_dtype) {
    case KvDtype::kF32:
      return AttentionSimd<Simd, KvDtype::kF32>::Run(args, range);
    case KvDtype::kBf16:
      return AttentionSimd<Simd, KvDtype::kBf16>::Run(args, range);
    case KvDtype::kFp8E4m3:
      return AttentionSimd<Simd, KvDtype::kFp8E4m3>::Run(args, range);
  }
}

}  // namespace redline::engine
