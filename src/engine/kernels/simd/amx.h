// What kernels on AMX tiles share. Only for files compiled with AVX-512, AVX512_BF16 and AMX_BF16.
//
// A tile here has 16 rows of 64 bytes. TDPBF16PS adds the product of a tile of 16 rows of 32 bf16
// with a tile of 16 *pairs* to one of [16][16] f32: row i of the pairs holds elements 2 i and 2 i +
// 1 of each of 16 columns, side by side.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "engine/kernels/simd/avx512_bf16.h"

namespace redline::engine {

inline constexpr int64_t kTileRows = 16;
inline constexpr int64_t kTileK = 32;  // bf16 in a tile's row
inline constexpr int64_t kTileRowBytes = 64;
inline constexpr int64_t kTileBytes = kTileRows * kTileRowBytes;

// Makes all eight tiles of that shape while it lives.
class TileScope {
 public:
  TileScope() {
    struct alignas(64) Config {
      uint8_t palette = 1;
      uint8_t start_row = 0;
      uint8_t reserved[14] = {};
      uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t num_rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };
    static constexpr Config kConfig;
    asm volatile("ldtilecfg %0" : : "m"(kConfig));
  }
  ~TileScope() { _tile_release(); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

// Loads and stores of a tile, `stride` bytes from row to row. GCC's own intrinsics do not tell the
// compiler which memory they read or write.
template <int kTile>
[[gnu::always_inline]] inline void TileLoad(const void* from, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(kTile) : "memory");
}
template <int kTile>
[[gnu::always_inline]] inline void TileStore(void* to, int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(kTile) : "memory");
}

// Element 2 i and 2 i + 1 of 16 columns, f32 each, as a row of pairs: rounded to nearest, from
// halfway away from zero. Plain integer arithmetic: conversions are issued on one port alone.
[[gnu::always_inline]] inline __m512i PairOf(__m512 even, __m512 odd) {
  const __m512i half = _mm512_set1_epi32(0x8000);
  const __m512i low = _mm512_srli_epi32(_mm512_add_epi32(_mm512_castps_si512(even), half), 16);
  const __m512i high = _mm512_add_epi32(_mm512_castps_si512(odd), half);
  return _mm512_mask_blend_epi16(0xaaaaaaaa, low, high);
}

// Words: column j of the rows becomes rows[j].
[[gnu::always_inline]] inline void Transpose16x16(__m512i (&rows)[16]) {
  __m512i pairs[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    pairs[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
    pairs[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
  }
  __m512i quads[16];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512i* p = pairs + 4 * i;
    quads[4 * i] = _mm512_unpacklo_epi64(p[0], p[2]);
    quads[4 * i + 1] = _mm512_unpackhi_epi64(p[0], p[2]);
    quads[4 * i + 2] = _mm512_unpacklo_epi64(p[1], p[3]);
    quads[4 * i + 3] = _mm512_unpackhi_epi64(p[1], p[3]);
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const __m512i a = _mm512_shuffle_i32x4(quads[j], quads[4 + j], 0x44);
    const __m512i b = _mm512_shuffle_i32x4(quads[j], quads[4 + j], 0xee);
    const __m512i c = _mm512_shuffle_i32x4(quads[8 + j], quads[12 + j], 0x44);
    const __m512i d = _mm512_shuffle_i32x4(quads[8 + j], quads[12 + j], 0xee);
    rows[j] = _mm512_shuffle_i32x4(a, c, 0x88);
    rows[4 + j] = _mm512_shuffle_i32x4(a, c, 0xdd);
    rows[8 + j] = _mm512_shuffle_i32x4(b, d, 0x88);
    rows[12 + j] = _mm512_shuffle_i32x4(b, d, 0xdd);
  }
}

// Lane i: the largest lane of rows[i].
[[gnu::always_inline]] inline __m512 MaxOfRows(const __m512 (&rows)[16]) {
  __m512 pairs[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    pairs[i] = _mm512_max_ps(_mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]),
                             _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]));
  }
  __m512 quads[4];  // of four rows, lane by lane of 128 bits
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512d a = _mm512_castps_pd(pairs[2 * i]);
    const __m512d b = _mm512_castps_pd(pairs[2 * i + 1]);
    quads[i] = _mm512_max_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)),
                             _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
  }
  const auto halves = [](__m512 a, __m512 b) __attribute__((always_inline)) {
    return _mm512_max_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
  };
  const __m512 low = halves(quads[0], quads[1]);
  const __m512 high = halves(quads[2], quads[3]);
  return _mm512_max_ps(_mm512_shuffle_f32x4(low, high, 0x88),
                       _mm512_shuffle_f32x4(low, high, 0xdd));
}

}  // namespace redline::engine
