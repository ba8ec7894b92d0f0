#include "engine/kernels/matmul/matmul_int8.h"
#include "engine/kernels/simd/avx512_vnni.h"

namespace redline::engine {

void MatmulAvx512Vnni(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
  MatmulOfInt8<Avx512Vnni>(args, part, range, MatmulAvx512);
}

}  // namespace redline::engine
