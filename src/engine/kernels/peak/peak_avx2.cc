#include <immintrin.h>

#include "engine/kernels/peak/peak.h"
#include "engine/kernels/peak/peak_loop.h"
#include "engine/kernels/peak/read_loop.h"

namespace redline::engine {

float PeakFp32Avx2(int64_t rounds) {
  __m256 factor = _mm256_set1_ps(0.999f);
  __m256 term = _mm256_set1_ps(0.5f);
  asm volatile("" : "+x"(factor), "+x"(term));
  const __m256 sum = RunChains<kPeakChains>(
      rounds, _mm256_setzero_ps(), [&](__m256 acc) __attribute__((always_inline)) {
        return _mm256_fmadd_ps(acc, factor, term);
      });
  return _mm256_cvtss_f32(sum);
}

// Without VNNI: products of bytes to pairs in 16 bits, pairs to 32 bits, and the sum.
float PeakInt8Avx2(int64_t rounds) {
  __m256i bytes = _mm256_set1_epi8(3);
  __m256i ones = _mm256_set1_epi16(1);
  asm volatile("" : "+x"(ones));
  const __m256i sum = RunChains<kPeakInt8Chains>(
      rounds, _mm256_setzero_si256(), [&](__m256i acc) __attribute__((always_inline)) {
        asm volatile("" : "+x"(bytes));  // else the products would be the same each time
        const __m256i pairs = _mm256_maddubs_epi16(bytes, bytes);
        return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, ones));
      });
  return static_cast<float>(_mm256_cvtsi256_si32(sum));
}

uint64_t ReadAvx2(const void* data, int64_t num_bytes) {
  typedef uint64_t Words __attribute__((vector_size(32)));
  return SumWords<Words>(data, num_bytes);
}

}  // namespace redline::engine
