#include "engine/kernels/silu_mul/silu_mul_simd.h"
#include "engine/kernels/simd/avx2.h"

namespace redline::engine {

void SiluMulAvx2(const SiluMulArgs& args) { SiluMulSimd<Avx2>(args); }

}  // namespace redline::engine
