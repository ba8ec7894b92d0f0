#include "engine/kernels/rms_norm/rms_norm_simd.h"
#include "engine/kernels/simd/avx512.h"

namespace redline::engine {

void RmsNormAvx512(const RmsNormArgs& args) { RmsNormSimd<Avx512>(args); }

}  // namespace redline::engine
