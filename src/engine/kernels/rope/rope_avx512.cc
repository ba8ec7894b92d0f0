#include "engine/kernels/rope/rope_simd.h"
#include "engine/kernels/simd/avx512.h"

namespace redline::engine {

void RopeAvx512(const RopeArgs& args) { RopeSimd<Avx512>(args); }

}  // namespace redline::engine
