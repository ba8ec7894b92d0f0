#include "engine/kernels/rope/rope.h"

namespace redline::engine {

void RopeRef(const RopeArgs& args) {
  const int64_t half = args.head_dim / 2;
  const bool split = args.pairs == RopePairs::kHalfSplit;
  for (int64_t head = 0; head < args.num_heads; ++head) {
    float* values = args.heads + head * args.head_dim;
    for (int64_t i = 0; i < half; ++i) {
      float& a = values[split ? i : 2 * i];
      float& b = values[split ? i + half : 2 * i + 1];
      const float rotated = a * args.cos[i] - b * args.sin[i];
      b = b * args.cos[i] + a * args.sin[i];
      a = rotated;
    }
  }
}

}  // namespace redline::engine
