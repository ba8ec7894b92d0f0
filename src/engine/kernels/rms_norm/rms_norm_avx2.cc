#include "engine/kernels/rms_norm/rms_norm_simd.h"
#include "engine/kernels/simd/avx2.h"

namespace redline::engine {

void RmsNormAvx2(const RmsNormArgs& args) { RmsNormSimd<Avx2>(args); }

}  // namespace redline::engine
