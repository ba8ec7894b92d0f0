#include "engine/kernels/attention/attention_simd.h"
#include "engine/kernels/simd/avx2.h"

namespace redline::engine {

void AttentionAvx2(const AttentionArgs& args, const QueryRange& range) {
  RunAttention<Avx2>(args, range);
}

}  // namespace redline::engine
