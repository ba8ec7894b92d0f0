#include <immintrin.h>

#include "engine/kernels/peak/peak.h"
#include "engine/kernels/peak/peak_loop.h"

namespace redline::engine {

float PeakBf16Avx512(int64_t rounds) {
  __m512 ones = _mm512_set1_ps(1.0f);
  asm volatile("" : "+v"(ones));
  const __m512bh halves = _mm512_cvtne2ps_pbh(ones, ones);
  const __m512 sum = RunChains<kPeakChains>(
      rounds, _mm512_setzero_ps(), [&](__m512 acc) __attribute__((always_inline)) {
        return _mm512_dpbf16_ps(acc, halves, halves);
      });
  return _mm512_cvtss_f32(sum);
}

}  // namespace redline::engine
