#include <immintrin.h>

#include "engine/kernels/peak/peak.h"
#include "engine/kernels/peak/peak_loop.h"

namespace redline::engine {

float PeakInt8Avx512Vnni(int64_t rounds) {
  __m512i bytes = _mm512_set1_epi8(3);
  asm volatile("" : "+v"(bytes));
  const __m512i sum = RunChains<kPeakChains>(
      rounds, _mm512_setzero_si512(), [&](__m512i acc) __attribute__((always_inline)) {
        return _mm512_dpbusd_epi32(acc, bytes, bytes);
      });
  return static_cast<float>(_mm512_cvtsi512_si32(sum));
}

}  // namespace redline::engine
