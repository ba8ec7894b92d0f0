#include "engine/kernels/silu_mul/silu_mul_simd.h"
#include "engine/kernels/simd/avx512.h"

namespace redline::engine {

void SiluMulAvx512(const SiluMulArgs& args) { SiluMulSimd<Avx512>(args); }

}  // namespace redline::engine
