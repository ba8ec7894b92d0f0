#include "engine/kernels/rope/rope_simd.h"
#include "engine/kernels/simd/avx2.h"

namespace redline::engine {

void RopeAvx2(const RopeArgs& args) { RopeSimd<Avx2>(args); }

}  // namespace redline::engine
