#include <cmath>

#include "engine/kernels/silu_mul/silu_mul.h"

namespace redline::engine {

void SiluMulRef(const SiluMulArgs& args) {
  for (int64_t i = 0; i < args.size; ++i)
    args.out[i] = args.gate[i] / (1.0f + std::exp(-args.gate[i])) * args.up[i];
}

}  // namespace redline::engine
