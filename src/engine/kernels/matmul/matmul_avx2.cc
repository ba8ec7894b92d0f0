#include "engine/kernels/matmul/matmul_simd.h"
#include "engine/kernels/simd/avx2.h"

namespace redline::engine {

void MatmulAvx2(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
  MatmulOfSimd<Avx2>(args, part, range);
}

}  // namespace redline::engine
