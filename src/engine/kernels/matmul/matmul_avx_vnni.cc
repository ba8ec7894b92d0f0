#include "engine/kernels/matmul/matmul_int8.h"
#include "engine/kernels/simd/avx2_int8.h"

namespace redline::engine {

void MatmulAvxVnni(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
  MatmulOfInt8<AvxVnni>(args, part, range, MatmulAvx2);
}

}  // namespace redline::engine
