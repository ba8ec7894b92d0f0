// Weights of a packed panel (packed_matrix.h) as pairs of bf16, the form in which AMX multiplies
// them (simd/amx.h): for every 32 k, a tile of pairs of the first and one of the last 16 columns.
// Weights of other types are rounded from their f32 or f16 (f16_weights.h), times kPairScale; k
// beyond the last are zeros.
#pragma once

#include "engine/kernels/matmul/f16_weights.h"
#include "engine/kernels/matmul/weight_reader.h"
#include "engine/kernels/simd/amx.h"

namespace redline::engine {

inline constexpr int64_t kPairsBytes = 2 * kTileBytes;  // of 32 k: both halves of the panel

// Vectors whose f16 NaNs are all the same one: PairOf's rounding would turn those with every bit
// set into numbers.
struct OneNan : Avx512 {
  [[gnu::always_inline]] static Vec LoadF16(const void* from) {
    const Vec value = Avx512::LoadF16(from);
    return _mm512_mask_mov_ps(value, _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q),
                              _mm512_set1_ps(__builtin_nanf("")));
  }
};

// One k of a panel, 32 columns, as bf16.
template <DType kType>
[[gnu::always_inline]] inline __m512i LoadBf16Columns(const std::byte* from) {
  if constexpr (kType == DType::kBF16) return _mm512_loadu_si512(from);
  return ToBf16(Avx512::LoadF16(from), Avx512::LoadF16(from + kPanelColumns));
}

template <DType kType>
constexpr float PairScale() {
  if constexpr (kHasF16Scales<kType>) return F16Weights<kType>::kScale;
  return 1;
}
template <DType kType>
inline constexpr float kPairScale = PairScale<kType>();

// Of quantised weights, by arithmetic in f32.
template <DType kType>
inline void WriteQuantPairs(const std::byte* panel, int64_t k_begin, std::byte* to) {
  const __m512 scale = Avx512::Set1(kPairScale<kType>);
  __m512 even[2];
  const auto write = [&](int64_t i, const __m512(&columns)[2]) __attribute__((always_inline)) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const __m512 column =
          kPairScale<kType> == 1 ? columns[half] : Avx512::Mul(columns[half], scale);
      if (i % 2 == 0) {
        even[half] = column;
      } else {
        _mm512_store_si512(to + half * kTileBytes, PairOf(even[half], column));
      }
    }
    if (i % 2 != 0) to += kTileRowBytes;
  };
  for (int64_t k = 0; k < kTileK; k += InfoOf(kType).sub_block_elements)
    QuantReader<OneNan, kType>::template SubBlock<1>(panel, k_begin + k, write);
}

// The tiles of k [k_begin, k_begin + 32) of a panel whose first block is `panel`.
template <DType kType>
[[gnu::always_inline]] inline void WritePairs(const std::byte* panel, int64_t k_begin,
                                              int64_t in_features, std::byte* to) {
  if constexpr (kHasF16Scales<kType>) {
    constexpr int64_t kStride = 2 * PackedLayoutOf(InfoOf(kType)).block_bytes;
    if (!F16Weights<kType>::WritePairs(panel + k_begin / kTileK * kStride, to)) [[unlikely]]
      WriteQuantPairs<kType>(panel, k_begin, to);
    return;
  } else if constexpr (InfoOf(kType).IsQuantized()) {
    WriteQuantPairs<kType>(panel, k_begin, to);
    return;
  }
  constexpr int64_t kRowBytes = 2 * kPanelColumns;
  const std::byte* row = panel + k_begin * 2 * kRowBytes;  // every other row is the other panel's
  for (int64_t k = k_begin; k < k_begin + kTileK; k += 2) {
    PrefetchAhead<kRowBytes>(row);
    PrefetchAhead<kRowBytes>(row + 2 * kRowBytes);
    const __m512i even = k < in_features ? LoadBf16Columns<kType>(row) : _mm512_setzero_si512();
    const __m512i odd =
        k + 1 < in_features ? LoadBf16Columns<kType>(row + 2 * kRowBytes) : _mm512_setzero_si512();
    __m512i first;
    __m512i last;
    InterleavePairs(even, odd, &first, &last);
    _mm512_store_si512(to, first);
    _mm512_store_si512(to + kTileBytes, last);
    row += 4 * kRowBytes;
    to += kTileRowBytes;
  }
}

}  // namespace redline::engine
