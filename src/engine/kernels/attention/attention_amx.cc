// The attention of attention.h on AMX tiles: queries, keys, softmax weights and values are bf16
// (the cache's own, or rounded once more), scores and sums f32.
//
// For every absolute block of kKvBlock positions, in order, and all tiles of 16 queries that see
// some of it:
//   scores    [16][32] = scaled q x keys
//   softmax   running maximum and sum per query, positions after the query's own get weight 0
//   values    sum = sum * correction + weights x values
// Scores are in units of log2, softmax is 2^x. A query is a row of its tile, whoever its neighbours
// are.
//
// Keys are multiplied where they lie if there is but one tile of queries: the tile unit gives
// scores transposed, [32][16], of the same bits. For more tiles it pays to transpose the keys.
#include "engine/kernels/attention/attention.h"
#include "engine/kernels/attention/kv_pages.h"
#include "engine/kernels/kv_store/kv_load_simd.h"
#include "engine/kernels/simd/amx.h"

namespace redline::engine {
namespace {

constexpr int64_t kMaxK = kMaxHeadDim / kTileK;           // tiles of a query
constexpr int64_t kMaxColumns = kMaxHeadDim / kTileRows;  // tiles of values and sums
constexpr int64_t kQueryTiles = (kQueryTile + kTileRows - 1) / kTileRows;
constexpr int64_t kPositionTiles = kKvBlock / kTileRows;  // of keys
constexpr int64_t kFloatsRow = kTileRows * static_cast<int64_t>(sizeof(float));
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
    for (int64_t begin = 0; begin < num_positions; begin += kKvBlock)
      attention.AddBlock(begin, num_positions);
    attention.StoreResults();
  }

 private:
  using Element = typename KvElement<kDtype>::Type;
  static constexpr float kScale = KvLoad<Avx512, kDtype>::kScale;

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

  void LoadQueries() {
    constexpr float kLog2OfE = 1.44269504088896341f;
    const __m512 scale =
        _mm512_set1_ps(kScale * kLog2OfE / __builtin_sqrtf(static_cast<float>(args_.head_dim)));
    for (int64_t query = 0; query < num_tiles_ * kTileRows; ++query) {
      const float* from = args_.q + RowOf(query) * args_.q_stride + HeadOf(query) * args_.head_dim;
      const int64_t tile = query / kTileRows;
      for (int64_t k = 0; k < num_k_; ++k) {
        const int64_t left = args_.head_dim - k * kTileK;
        const __m512 low = Avx512::LoadPartial(from + k * kTileK, left);
        const __m512 high =
            Avx512::LoadPartial(from + k * kTileK + Avx512::kLanes, left - Avx512::kLanes);
        _mm512_store_si512(queries_[tile][k][query % kTileRows],
                           ToBf16(_mm512_mul_ps(low, scale), _mm512_mul_ps(high, scale)));
      }
      for (int64_t column = 0; column < num_columns_; ++column)
        Avx512::Store(sums_[tile][column][query % kTileRows], Avx512::Zero());
      positions_[query] = args_.context_len + RowOf(query);
      largest_[query] = -1e30f;
      Avx512::Store(totals_[query], Avx512::Zero());
    }
    for (int64_t k = 0; num_tiles_ == 1 && k < num_k_; ++k) {
      __m512i words[16];
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) words[i] = _mm512_load_si512(queries_[0][k][i]);
      Transpose16x16(words);
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) _mm512_store_si512(query_pairs_[k][i], words[i]);
    }
  }

  void AddBlock(int64_t begin, int64_t num_positions) {
    pages_.Take(begin, num_positions);
    num_tiles_ == 1 ? ScoreInPlace() : TakeKeys();
    TakeValues();
    // Queries are in the order of their positions: those that see this block are the last ones.
    int64_t first = 0;
    while (positions_[first] < begin) ++first;
    // Step by step for all tiles: what a step reads the one before it wrote long ago.
    const int64_t first_tile = first / kTileRows;
    for (int64_t tile = first_tile; num_tiles_ > 1 && tile < num_tiles_; ++tile) Score(tile);
    for (int64_t tile = first_tile; tile < num_tiles_; ++tile) Weigh(tile, begin);
    for (int64_t tile = first_tile; tile < num_tiles_; ++tile)
      AddValues(tile, first - tile * kTileRows);
  }

  // The scores of the only tile: keys are the tile of rows, queries that of pairs.
  void ScoreInPlace() {
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
          TileLoad<4>(keys_[0][k], kTileRowBytes);
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
        Avx512::Store(scores_[0][i] + at, _mm512_i32gather_ps(of_lane, &transposed[at][i], 4));
    }
  }

  // 16 rows of keys to keys_[0], as rows.
  void CopyKeys(const Element* const* rows) {
    for (int64_t k = 0; k < num_k_; ++k) {
      for (int64_t i = 0; i < kTileRows; ++i) {
        _mm512_store_si512(keys_[0][k][i],
                           LoadKv<kDtype>(rows[i] + k * kTileK, args_.head_dim - k * kTileK));
      }
    }
  }

  void TakeKeys() {
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
        for (int i = 0; i < 16; ++i) _mm512_store_si512(keys_[tile][k][i], words[i]);
        pages_.PrefetchNext(8);
      }
    }
  }

  void TakeValues() {
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
        _mm512_store_si512(values_[column][pair], first);
        _mm512_store_si512(values_[column + 1][pair], last);
      }
      pages_.PrefetchNext(8);
    }
  }

  void Score(int64_t tile) {
    _tile_zero(0);
    _tile_zero(1);
    for (int64_t k = 0; k < num_k_; ++k) {
      TileLoad<4>(queries_[tile][k], kTileRowBytes);
      TileLoad<6>(keys_[0][k], kTileRowBytes);
      TileLoad<7>(keys_[1][k], kTileRowBytes);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
    }
    TileStore<0>(scores_[tile][0], 2 * kFloatsRow);
    TileStore<1>(scores_[tile][0] + kTileRows, 2 * kFloatsRow);
  }

  // The tile's scores become softmax weights, relative to each query's new maximum.
  void Weigh(int64_t tile, int64_t begin) {
    const int64_t first = tile * kTileRows;
    const float(*scores)[kKvBlock] = scores_[tile];
    if (positions_[first] + 1 < begin + kKvBlock) Hide(tile, begin);
    const int64_t num_rows = NumRowsOf(tile);
    __m512 largest[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      largest[i] = _mm512_max_ps(Avx512::Load(scores[i]), Avx512::Load(scores[i] + Avx512::kLanes));
    }
    const __m512 old_largest = Avx512::Load(largest_ + first);
    const __m512 new_largest = _mm512_max_ps(old_largest, MaxOfRows(largest));
    Avx512::Store(largest_ + first, new_largest);
    const __m512 correction = Exp2(_mm512_sub_ps(old_largest, new_largest));
    Avx512::Store(correction_ + first, correction);
    is_corrected_[tile] = _mm512_cmp_ps_mask(correction, _mm512_set1_ps(1), _CMP_NEQ_UQ) != 0;
    for (int64_t i = 0; i < num_rows; ++i) {
      const __m512 most = _mm512_set1_ps(largest_[first + i]);
      const __m512 low = Exp2(_mm512_sub_ps(Avx512::Load(scores[i]), most));
      const __m512 high = Exp2(_mm512_sub_ps(Avx512::Load(scores[i] + Avx512::kLanes), most));
      const __m512 total =
          _mm512_mul_ps(Avx512::Load(totals_[first + i]), _mm512_set1_ps(correction_[first + i]));
      Avx512::Store(totals_[first + i], _mm512_add_ps(_mm512_add_ps(total, low), high));
      _mm512_store_si512(weights_[tile][i], ToBf16(low, high));
    }
  }

  // Positions after the query's own get score -inf.
  void Hide(int64_t tile, int64_t begin) {
    for (int64_t i = 0; i < kTileRows; ++i) {
      const int64_t num_visible = positions_[tile * kTileRows + i] + 1 - begin;
      for (int64_t at = 0; at < kKvBlock; at += Avx512::kLanes) {
        float* scores = scores_[tile][i] + at;
        Avx512::Store(scores,
                      Avx512::FillTail(Avx512::Load(scores), num_visible - at, -__builtin_inff()));
      }
    }
  }

  // Rows before `first` of the tile see nothing of this block: their sums stay as they are,
  // whatever the values.
  void AddValues(int64_t tile, int64_t first) {
    if (is_corrected_[tile]) Correct(tile);
    TileLoad<5>(weights_[tile], kTileRowBytes);
    for (int64_t column = 0; column < num_columns_; ++column) {
      float* sums = sums_[tile][column][0];
      TileLoad<2>(sums, kFloatsRow);
      TileLoad<6>(values_[column], kTileRowBytes);
      _tile_dpbf16ps(2, 5, 6);
      if (first <= 0) {
        TileStore<2>(sums, kFloatsRow);
      } else {
        alignas(64) float all[kTileRows][kTileRows];
        TileStore<2>(all, kFloatsRow);
        for (int64_t row = first; row < kTileRows; ++row)
          Avx512::Store(sums + row * kTileRows, Avx512::Load(all[row]));
      }
    }
  }

  void Correct(int64_t tile) {
    const float* corrections = correction_ + tile * kTileRows;
    for (int64_t column = 0; column < num_columns_; ++column) {
      for (int64_t i = 0; i < NumRowsOf(tile); ++i) {
        float* sums = sums_[tile][column][i];
        Avx512::Store(sums, _mm512_mul_ps(Avx512::Load(sums), _mm512_set1_ps(corrections[i])));
      }
    }
  }

  void StoreResults() {
    for (int64_t query = 0; query < num_queries_; ++query) {
      float* out = args_.out + RowOf(query) * args_.out_stride + HeadOf(query) * args_.head_dim;
      const __m512 total = _mm512_set1_ps(Avx512::Sum(Avx512::Load(totals_[query])) / kScale);
      for (int64_t column = 0; column < num_columns_; ++column) {
        const __m512 sum = Avx512::Load(sums_[query / kTileRows][column][query % kTileRows]);
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
  bool is_corrected_[kQueryTiles] = {};  // some query's maximum has grown

  // Tiles: [...][row][element].
  alignas(64) uint16_t queries_[kQueryTiles][kMaxK][kTileRows][kTileK];  // scaled
  alignas(64) uint32_t keys_[kPositionTiles][kMaxK][kTileRows][kTileRows];
  alignas(64) uint32_t values_[kMaxColumns][kTileRows][kTileRows];
  alignas(64) float sums_[kQueryTiles][kMaxColumns][kTileRows][kTileRows];  // weighted values
  alignas(64) float scores_[kQueryTiles][kTileRows][kKvBlock];
  alignas(64) uint16_t weights_[kQueryTiles][kTileRows][kTileK];
  alignas(64) uint32_t query_pairs_[kMaxK][kTileRows][kTileRows];  // of the only tile
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
