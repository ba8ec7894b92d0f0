#include "engine/kernels/reduce/reduce_simd.h"
#include "engine/kernels/simd/avx512.h"

namespace redline::engine {

int64_t ArgmaxAvx512(const float* values, int64_t size) { return ArgmaxSimd<Avx512>(values, size); }
float LogSumExpAvx512(const float* values, int64_t size) {
  return LogSumExpSimd<Avx512>(values, size);
}

}  // namespace redline::engine
