#include "engine/kernels/attention/attention_simd.h"
#include "engine/kernels/simd/avx512.h"

namespace redline::engine {

void AttentionAvx512(const AttentionArgs& args, const QueryRange& range) {
  RunAttention<Avx512>(args, range);
}

}  // namespace redline::engine
