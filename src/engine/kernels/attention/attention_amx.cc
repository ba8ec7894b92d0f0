// The attention of attention.h on AMX tiles: queries, keys, softmax weights and values are bf16
// (the cache's own, or rounded once more), scores and sums f32.
//
// For every absolute span of kSpan positions, in order, and all tiles of 16 queries that see some
// of it:
//   scores    [16][kSpan] = scaled q x keys
//   softmax   running maximum and sum per query, positions after the query's own get weight 0
//   values    sum = sum * correction + weights x values, 32 positions after the other
// Scores are in units of log2, softmax is 2^x. A query is a row of its tile, whoever its neighbours
// are; what it does not see of a span changes none of its bits.
//
// Keys are multiplied where they lie if there is but one tile of queries: the tile unit gives
// scores transposed, [16][16], of the same bits. For more tiles it pays to transpose the keys.
#include "engine/kernels/attention/attention.h"
#include "engine/kernels/attention/kv_pages.h"
#include "engine/kernels/kv_store/kv_load_simd.h"
#include "engine/kernels/simd/amx.h"

namespace redline::engine {
namespace {

constexpr int64_t kMaxK = kMaxHeadDim / kTileK;           // tiles of a query
constexpr int64_t kMaxColumns = kMaxHeadDim / kTileRows;  // tiles of values and sums
constexpr int64_t kQueryTiles = (kAmxQueryTile + kTileRows - 1) / kTileRows;
constexpr int64_t kPositionTiles = kKvBlock / kTileRows;  // of keys
// As many blocks as leave their keys and values in L1 beside a tile's scores.
constexpr int64_t kSpanBlocks = 2;
constexpr int64_t kSpan = kSpanBlocks * kKvBlock;
constexpr int64_t kFloatsRow = kTileRows * static_cast<int64_t>(sizeof(float));
constexpr int64_t kScoresRow = kSpan * static_cast<int64_t>(sizeof(float));
static_assert(kKvBlock == kTileK, "a block's weights are one tile");

// The first `count` (any number) of 32 elements.
__mmask32 FirstOf32(int64_t count) {
  return count >= 32 ? ~__mmask32{0} : count <= 0 ? 0 : (__mmask32{1} << count) - 1;
}

// 32 elements of the cache, `count` of which exist, as bf16 of their values / kScale.
template <KvDtype kDtype>
[[gnu::always_inline]] inline __m512i LoadKv(const typename KvElement<kDtype>::Type* from,
                                             int64_t count) {
  constexpr int64_t kLanes = Avx512::kLanes;
  if constexpr (kDtype == KvDtype::kF32) {
    return ToBf16(Avx512::LoadPartial(from, count),
                  Avx512::LoadPartial(from + kLanes, count - kLanes));
  } else if constexpr (kDtype == KvDtype::kBf16) {
    return _mm512_maskz_loadu_epi16(FirstOf32(count), from);
  } else {
    alignas(32) uint8_t bytes[32];
    _mm256_store_si256(reinterpret_cast<__m256i*>(bytes),
                       _mm256_maskz_loadu_epi8(FirstOf32(count), from));
    __m512 low;
    __m512 high;
    KvLoad<Avx512, kDtype>::Load16(bytes, &low);
    KvLoad<Avx512, kDtype>::Load16(bytes + kLanes, &high);
    return ToBf16(low, high);
  }
}

// 2^x for x <= 0, within 3e-6 of it; 0 for -inf, NaN for NaN.
[[gnu::always_inline]] inline __m512 Exp2(__m512 x) {
  const __m512 r = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);  // x - floor(x)
  __m512 p = _mm512_set1_ps(0.013426682911813259f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.052242476493120193f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.241280198097229f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.6930448412895203f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
  return _mm512_scalef_ps(p, x);
}

template <KvDtype kDtype>
class AttentionOfTiles {
 public:
  static void Run(const AttentionArgs& args, const QueryRange& range) {
    const TileScope tiles;
    AttentionOfTiles attention(args, range);
    attention.LoadQueries();
    const int64_t num_positions = attention.positions_[attention.num_queries_ - 1] + 1;
    for (int64_t begin = 0; begin < num_positions; begin += kSpan)
      attention.AddSpan(begin, num_positions);
    attention.StoreResults();
  }

 private:
  using Element = typename KvElement<kDtype>::Type;
  static constexpr float kScale = KvLoad<Avx512, kDtype>::kScale;
  using Scores = float[kTileRows][kSpan];
  using Weights = uint16_t[kSpanBlocks][kTileRows][kTileK];

  AttentionOfTiles(const AttentionArgs& args, const QueryRange& range)
      : args_(args),
        range_(range),
        num_queries_(range.query_end - range.query_begin),
        num_tiles_((num_queries_ + kTileRows - 1) / kTileRows),
        group_(args.num_heads / args.num_kv_heads),
        num_k_((args.head_dim + kTileK - 1) / kTileK),
        num_columns_((args.head_dim + kTileRows - 1) / kTileRows),
        pages_(args, range.kv_head) {}

  // Of a query of the last tile that does not exist, those of the last one that does.
  int64_t RowOf(int64_t query) const { return (range_.query_begin + Existing(query)) / group_; }
  int64_t HeadOf(int64_t query) const {
    return range_.kv_head * group_ + (range_.query_begin + Existing(query)) % group_;
  }
  int64_t Existing(int64_t query) const { return query < num_queries_ ? query : num_queries_ - 1; }

  // Rows of the tile that are queries.
  int64_t NumRowsOf(int64_t tile) const {
    const int64_t left = num_queries_ - tile * kTileRows;
    return left < kTileRows ? left : kTileRows;
  }

  // Tiles lie side by side: what is used of them is all that takes room in L1.
  uint32_t* QueryTile(int64_t tile, int64_t k) {
    return queries_ + (tile * num_k_ + k) * kTileWords;
  }
  uint32_t* KeyTile(int64_t block, int64_t tile, int64_t k) {
    return keys_ + ((block * kPositionTiles + tile) * num_k_ + k) * kTileWords;
  }
  uint32_t* ValueTile(int64_t block, int64_t column) {
    return values_ + (block * 2 * ((num_columns_ + 1) / 2) + column) * kTileWords;
  }
  float* SumTile(int64_t tile, int64_t column) {
    return sums_ + (tile * num_columns_ + column) * kTileWords;
  }

  void LoadQueries() {
    constexpr float kLog2OfE = 1.44269504088896341f;
    const __m512 scale =
        _mm512_set1_ps(kScale * kLog2OfE / __builtin_sqrtf(static_cast<float>(args_.head_dim)));
    for (int64_t query = 0; query < num_tiles_ * kTileRows; ++query) {
      const float* from = args_.q + RowOf(query) * args_.q_stride + HeadOf(query) * args_.head_dim;
      const int64_t tile = query / kTileRows;
      const int64_t row = query % kTileRows;
      for (int64_t k = 0; k < num_k_; ++k) {
        const int64_t left = args_.head_dim - k * kTileK;
        const __m512 low = Avx512::LoadPartial(from + k * kTileK, left);
        const __m512 high =
            Avx512::LoadPartial(from + k * kTileK + Avx512::kLanes, left - Avx512::kLanes);
        _mm512_store_si512(QueryTile(tile, k) + row * 16,
                           ToBf16(_mm512_mul_ps(low, scale), _mm512_mul_ps(high, scale)));
      }
      for (int64_t column = 0; column < num_columns_; ++column)
        Avx512::Store(SumTile(tile, column) + row * 16, Avx512::Zero());
      positions_[query] = args_.context_len + RowOf(query);
      largest_[query] = -1e30f;
      Avx512::Store(totals_[query], Avx512::Zero());
    }
    for (int64_t k = 0; num_tiles_ == 1 && k < num_k_; ++k) {
      __m512i words[16];
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) words[i] = _mm512_load_si512(QueryTile(0, k) + i * 16);
      Transpose16x16(words);
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) _mm512_store_si512(query_pairs_[k][i], words[i]);
    }
  }

  void AddSpan(int64_t begin, int64_t num_positions) {
    const int64_t left = num_positions - begin;
    const int64_t num_blocks = left >= kSpan ? kSpanBlocks : (left + kKvBlock - 1) / kKvBlock;
    for (int64_t block = 0; block < num_blocks; ++block) {
      pages_.Take(begin + block * kKvBlock, num_positions);
      num_tiles_ == 1 ? ScoreInPlace(block) : TakeKeys(block);
      TakeValues(block);
    }
    // Queries are in the order of their positions: those that see this span are the last ones.
    int64_t tile = FirstThatSees(begin) / kTileRows;
    if (num_tiles_ > 1) Score(tile, num_blocks);
    for (; tile < num_tiles_; ++tile) {
      // What a step reads the one before it wrote long ago.
      if (tile + 1 < num_tiles_) Score(tile + 1, num_blocks);
      Weigh(tile, begin, num_blocks);
      if (positions_[tile * kTileRows] >= begin + (num_blocks - 1) * kKvBlock) {
        AddValues(tile, num_blocks);
      } else {
        AddSeenValues(tile, begin, num_blocks);
      }
    }
  }

  int64_t FirstThatSees(int64_t position) const {
    int64_t first = 0;
    while (positions_[first] < position) ++first;
    return first;
  }

  // The scores of the only tile: keys are the tile of rows, queries that of pairs.
  void ScoreInPlace(int64_t block) {
    const Element* rows[kKvBlock];
    pages_.Rows(pages_.Keys(), zeros_, rows);
    alignas(64) float transposed[kKvBlock][kTileRows];
    for (int64_t tile = 0; tile < kPositionTiles; ++tile) {
      const Element* const* tile_rows = rows + tile * kTileRows;
      const bool in_place = kDtype == KvDtype::kBf16 && args_.head_dim % kTileK == 0 &&
                            tile_rows[15] == tile_rows[0] + 15 * args_.head_dim;
      if (!in_place) CopyKeys(tile_rows);
      _tile_zero(0);
      for (int64_t k = 0; k < num_k_; ++k) {
        if (in_place) {
          TileLoad<4>(tile_rows[0] + k * kTileK, args_.head_dim * 2);
        } else {
          TileLoad<4>(KeyTile(0, 0, k), kTileRowBytes);
        }
        TileLoad<6>(query_pairs_[k], kTileRowBytes);
        _tile_dpbf16ps(0, 4, 6);
      }
      TileStore<0>(transposed[tile * kTileRows], kFloatsRow);
      pages_.PrefetchNext(16);
    }
    const __m512i of_lane =
        _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                           _mm512_set1_epi32(kTileRows));
    for (int64_t i = 0; i < num_queries_; ++i) {
      for (int64_t at = 0; at < kKvBlock; at += Avx512::kLanes)
        Avx512::Store(scores_[0][i] + block * kKvBlock + at,
                      _mm512_i32gather_ps(of_lane, &transposed[at][i], 4));
    }
  }

  // 16 rows of keys to the first tiles of keys, as rows.
  void CopyKeys(const Element* const* rows) {
    for (int64_t k = 0; k < num_k_; ++k) {
      for (int64_t i = 0; i < kTileRows; ++i) {
        _mm512_store_si512(KeyTile(0, 0, k) + i * 16,
                           LoadKv<kDtype>(rows[i] + k * kTileK, args_.head_dim - k * kTileK));
      }
    }
  }

  void TakeKeys(int64_t block) {
    const Element* rows[kKvBlock];
    pages_.Rows(pages_.Keys(), zeros_, rows);
    for (int64_t k = 0; k < num_k_; ++k) {
      const int64_t left = args_.head_dim - k * kTileK;
      for (int64_t tile = 0; tile < kPositionTiles; ++tile) {
        __m512i words[16];
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i)
          words[i] = LoadKv<kDtype>(rows[tile * kTileRows + i] + k * kTileK, left);
        Transpose16x16(words);
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i) _mm512_store_si512(KeyTile(block, tile, k) + i * 16, words[i]);
        pages_.PrefetchNext(8);
      }
    }
  }

  void TakeValues(int64_t block) {
    const Element* rows[kKvBlock];
    pages_.Rows(pages_.Values(), zeros_, rows);
    for (int64_t pair = 0; pair < kTileRows; ++pair) {
      for (int64_t column = 0; column < num_columns_; column += 2) {
        const int64_t at = column * kTileRows;
        const int64_t left = args_.head_dim - at;
        __m512i first;
        __m512i last;
        InterleavePairs(LoadKv<kDtype>(rows[2 * pair] + at, left),
                        LoadKv<kDtype>(rows[2 * pair + 1] + at, left), &first, &last);
        _mm512_store_si512(ValueTile(block, column) + pair * 16, first);
        _mm512_store_si512(ValueTile(block, column + 1) + pair * 16, last);
      }
      pages_.PrefetchNext(8);
    }
  }

  void Score(int64_t tile, int64_t num_blocks) {
    Scores& scores = scores_[tile % 2];
    for (int64_t block = 0; block < num_blocks; ++block) {
      _tile_zero(4);
      _tile_zero(5);
      for (int64_t k = 0; k < num_k_; ++k) {
        TileLoad<6>(QueryTile(tile, k), kTileRowBytes);
        TileLoad<7>(KeyTile(block, 0, k), kTileRowBytes);
        _tile_dpbf16ps(4, 6, 7);
        TileLoad<7>(KeyTile(block, 1, k), kTileRowBytes);
        _tile_dpbf16ps(5, 6, 7);
      }
      TileStore<4>(scores[0] + block * kKvBlock, kScoresRow);
      TileStore<5>(scores[0] + block * kKvBlock + kTileRows, kScoresRow);
    }
  }

  // The tile's scores become softmax weights, relative to each query's new maximum.
  void Weigh(int64_t tile, int64_t begin, int64_t num_blocks) {
    const int64_t first = tile * kTileRows;
    const int64_t num_positions = num_blocks * kKvBlock;
    Scores& scores = scores_[tile % 2];
    if (positions_[first] + 1 < begin + num_positions) Hide(tile, begin, num_positions);
    __m512 largest[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) largest[i] = Avx512::Load(scores[i]);
    for (int64_t at = Avx512::kLanes; at < num_positions; at += Avx512::kLanes) {
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i)
        largest[i] = _mm512_max_ps(largest[i], Avx512::Load(scores[i] + at));
    }
    const __m512 old_largest = Avx512::Load(largest_ + first);
    const __m512 new_largest = _mm512_max_ps(old_largest, MaxOfRows(largest));
    Avx512::Store(largest_ + first, new_largest);
    const __m512 correction = Exp2(_mm512_sub_ps(old_largest, new_largest));
    Avx512::Store(correction_ + first, correction);
    if (_mm512_cmp_ps_mask(correction, _mm512_set1_ps(1), _CMP_NEQ_UQ) != 0) Correct(tile);
    const int64_t num_rows = NumRowsOf(tile);
    for (int64_t i = 0; i < num_rows; ++i) {
      const __m512 most = _mm512_set1_ps(largest_[first + i]);
      __m512 total =
          _mm512_mul_ps(Avx512::Load(totals_[first + i]), _mm512_set1_ps(correction_[first + i]));
      for (int64_t block = 0; block < num_blocks; ++block) {
        const float* of_block = scores[i] + block * kKvBlock;
        const __m512 low = Exp2(_mm512_sub_ps(Avx512::Load(of_block), most));
        const __m512 high = Exp2(_mm512_sub_ps(Avx512::Load(of_block + Avx512::kLanes), most));
        total = _mm512_add_ps(_mm512_add_ps(total, low), high);
        _mm512_store_si512(weights_[tile % 2][block][i], ToBf16(low, high));
      }
      Avx512::Store(totals_[first + i], total);
    }
  }

  // Positions after the query's own get score -inf.
  void Hide(int64_t tile, int64_t begin, int64_t num_positions) {
    for (int64_t i = 0; i < kTileRows; ++i) {
      const int64_t num_visible = positions_[tile * kTileRows + i] + 1 - begin;
      for (int64_t at = 0; at < num_positions; at += Avx512::kLanes) {
        float* scores = scores_[tile % 2][i] + at;
        Avx512::Store(scores,
                      Avx512::FillTail(Avx512::Load(scores), num_visible - at, -__builtin_inff()));
      }
    }
  }

  void Correct(int64_t tile) {
    const float* corrections = correction_ + tile * kTileRows;
    const int64_t num_rows = NumRowsOf(tile);
    for (int64_t column = 0; column < num_columns_; ++column) {
      for (int64_t i = 0; i < num_rows; ++i) {
        float* sums = SumTile(tile, column) + i * kTileRows;
        Avx512::Store(sums, _mm512_mul_ps(Avx512::Load(sums), _mm512_set1_ps(corrections[i])));
      }
    }
  }

  // Every query of the tile sees some of every block. Two columns at a time.
  void AddValues(int64_t tile, int64_t num_blocks) {
    for (int64_t column = 0; column < num_columns_; column += 2) {
      const bool is_pair = column + 1 < num_columns_;
      TileLoad<0>(SumTile(tile, column), kFloatsRow);
      if (is_pair) TileLoad<1>(SumTile(tile, column + 1), kFloatsRow);
      for (int64_t block = 0; block < num_blocks; ++block) {
        TileLoad<2>(weights_[tile % 2][block], kTileRowBytes);
        TileLoad<3>(ValueTile(block, column), kTileRowBytes);
        _tile_dpbf16ps(0, 2, 3);
        if (!is_pair) continue;
        TileLoad<3>(ValueTile(block, column + 1), kTileRowBytes);
        _tile_dpbf16ps(1, 2, 3);
      }
      TileStore<0>(SumTile(tile, column), kFloatsRow);
      if (is_pair) TileStore<1>(SumTile(tile, column + 1), kFloatsRow);
    }
  }

  // Sums of queries that see nothing of a block stay as they are, whatever the values.
  void AddSeenValues(int64_t tile, int64_t begin, int64_t num_blocks) {
    for (int64_t block = 0; block < num_blocks; ++block) {
      const int64_t* positions = positions_ + tile * kTileRows;
      int64_t first = 0;
      while (first < kTileRows && positions[first] < begin + block * kKvBlock) ++first;
      TileLoad<2>(weights_[tile % 2][block], kTileRowBytes);
      for (int64_t column = 0; column < num_columns_; ++column) {
        float* sums = SumTile(tile, column);
        TileLoad<0>(sums, kFloatsRow);
        TileLoad<3>(ValueTile(block, column), kTileRowBytes);
        _tile_dpbf16ps(0, 2, 3);
        alignas(64) float all[kTileRows][kTileRows];
        TileStore<0>(all, kFloatsRow);
        for (int64_t row = first; row < kTileRows; ++row)
          Avx512::Store(sums + row * kTileRows, Avx512::Load(all[row]));
      }
    }
  }

  void StoreResults() {
    for (int64_t query = 0; query < num_queries_; ++query) {
      float* out = args_.out + RowOf(query) * args_.out_stride + HeadOf(query) * args_.head_dim;
      const __m512 total = _mm512_set1_ps(Avx512::Sum(Avx512::Load(totals_[query])) / kScale);
      for (int64_t column = 0; column < num_columns_; ++column) {
        const __m512 sum =
            Avx512::Load(SumTile(query / kTileRows, column) + query % kTileRows * kTileRows);
        Avx512::StorePartial(out + column * kTileRows, args_.head_dim - column * kTileRows,
                             _mm512_div_ps(sum, total));
      }
    }
  }

  const AttentionArgs& args_;
  const QueryRange& range_;
  const int64_t num_queries_;
  const int64_t num_tiles_;
  const int64_t group_;
  const int64_t num_k_;
  const int64_t num_columns_;
  KvPages<kDtype> pages_;

  // Tiles of 16 rows of 64 bytes each.
  static constexpr int64_t kTileWords = 256;
  alignas(64) uint32_t queries_[kQueryTiles * kMaxK * kTileWords];  // scaled
  alignas(64) uint32_t keys_[kSpanBlocks * kPositionTiles * kMaxK * kTileWords];
  alignas(64) uint32_t values_[kSpanBlocks * kMaxColumns * kTileWords];
  alignas(64) float sums_[kQueryTiles * kMaxColumns * kTileWords];  // weighted values
  alignas(64) uint32_t query_pairs_[kMaxK][kTileRows][kTileRows];   // of the only tile
  // Of the tile at hand and the next one.
  alignas(64) Scores scores_[2];
  alignas(64) Weights weights_[2];
  // Per query.
  alignas(64) float totals_[kQueryTiles * kTileRows][Avx512::kLanes];  // sums of weights, by lane
  alignas(64) float largest_[kQueryTiles * kTileRows];
  int64_t positions_[kQueryTiles * kTileRows];
  alignas(64) float correction_[kQueryTiles * kTileRows];
  static constexpr Element zeros_[kMaxHeadDim] = {};
};

}  // namespace

void AttentionAmx(const AttentionArgs& args, const QueryRange& range) {
  switch (args.kv_dtype) {
    case KvDtype::kF32:
      return AttentionOfTiles<KvDtype::kF32>::Run(args, range);
    case KvDtype::kBf16:
      return AttentionOfTiles<KvDtype::kBf16>::Run(args, range);
    case KvDtype::kFp8E4m3:
      return AttentionOfTiles<KvDtype::kFp8E4m3>::Run(args, range);
  }
}

}  // namespace redline::engine
