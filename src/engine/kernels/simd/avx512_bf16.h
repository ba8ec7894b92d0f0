// Vectors of 32 bf16. Only for files compiled with AVX-512 and AVX512_BF16.
#pragma once

#include <immintrin.h>

#include "engine/kernels/simd/avx512.h"

namespace redline::engine {

// 32 f32 as bf16, rounded to nearest even.
[[gnu::always_inline]] inline __m512i ToBf16(__m512 low, __m512 high) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

// Two k of 32 columns, `even` and `odd`, as pairs: an element of each, side by side, of the first
// 16 columns and of the last.
[[gnu::always_inline]] inline void InterleavePairs(__m512i even, __m512i odd, __m512i* first,
                                                   __m512i* last) {
  const __m512i low = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8,
                                       39, 7, 38, 6, 37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
  const __m512i high = _mm512_add_epi16(low, _mm512_set1_epi16(16));
  *first = _mm512_permutex2var_epi16(even, low, odd);
  *last = _mm512_permutex2var_epi16(even, high, odd);
}

}  // namespace redline::engine
