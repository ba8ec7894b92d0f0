#include "engine/kernels/reduce/reduce_simd.h"
#include "engine/kernels/simd/avx2.h"

namespace redline::engine {

int64_t ArgmaxAvx2(const float* values, int64_t size) { return ArgmaxSimd<Avx2>(values, size); }
float LogSumExpAvx2(const float* values, int64_t size) { return LogSumExpSimd<Avx2>(values, size); }

}  // namespace redline::engine
