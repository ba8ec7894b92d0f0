#include "engine/kernels/matmul/matmul_simd.h"
#include "engine/kernels/simd/avx512.h"

namespace redline::engine {

void MatmulAvx512(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
  MatmulOfSimd<Avx512>(args, part, range);
}

}  // namespace redline::engine
