#include <immintrin.h>

#include "engine/kernels/peak/peak.h"
#include "engine/kernels/peak/peak_loop.h"

namespace redline::engine {

float PeakInt8AvxVnni(int64_t rounds) {
  __m256i bytes = _mm256_set1_epi8(3);
  asm volatile("" : "+x"(bytes));
  const __m256i sum = RunChains<kPeakChains>(
      rounds, _mm256_setzero_si256(), [&](__m256i acc) __attribute__((always_inline)) {
        return _mm256_dpbusd_avx_epi32(acc, bytes, bytes);
      });
  return static_cast<float>(_mm256_cvtsi256_si32(sum));
}

}  // namespace redline::engine
