#include <immintrin.h>

#include "engine/kernels/peak/peak.h"
#include "engine/kernels/peak/peak_loop.h"
#include "engine/kernels/peak/read_loop.h"

namespace redline::engine {

float PeakFp32Avx512(int64_t rounds) {
  __m512 factor = _mm512_set1_ps(0.999f);
  __m512 term = _mm512_set1_ps(0.5f);
  asm volatile("" : "+v"(factor), "+v"(term));
  const __m512 sum = RunChains<kPeakChains>(
      rounds, _mm512_setzero_ps(), [&](__m512 acc) __attribute__((always_inline)) {
        return _mm512_fmadd_ps(acc, factor, term);
      });
  return _mm512_cvtss_f32(sum);
}

uint64_t ReadAvx512(const void* data, int64_t num_bytes) {
  typedef uint64_t Words __attribute__((vector_size(64)));
  return SumWords<Words>(data, num_bytes);
}

}  // namespace redline::engine
