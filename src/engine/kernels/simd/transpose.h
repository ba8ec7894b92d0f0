// Transposing rows of 32-bit words. Uses AVX alone, which all of simd/ have.
#pragma once

#include <immintrin.h>

namespace redline::engine {

// Calls out(j, column) for j in [0, 8), where word i of `column` is word j of rows[i].
template <typename Out>
[[gnu::always_inline]] inline void Transpose8x8(const __m256 (&rows)[8], const Out& out) {
  __m256 pairs[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm256_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
    pairs[2 * i + 1] = _mm256_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
  }
  __m256 quads[8];
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    const __m256* p = pairs + 4 * i;
    quads[4 * i] = _mm256_shuffle_ps(p[0], p[2], 0x44);
    quads[4 * i + 1] = _mm256_shuffle_ps(p[0], p[2], 0xee);
    quads[4 * i + 2] = _mm256_shuffle_ps(p[1], p[3], 0x44);
    quads[4 * i + 3] = _mm256_shuffle_ps(p[1], p[3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    out(i, _mm256_permute2f128_ps(quads[i], quads[4 + i], 0x20));
    out(4 + i, _mm256_permute2f128_ps(quads[i], quads[4 + i], 0x31));
  }
}

}  // namespace redline::engine
