#include <cmath>

#include "engine/kernels/rms_norm/rms_norm.h"

namespace redline::engine {

void RmsNormRef(const RmsNormArgs& args) {
  if (args.delta != nullptr) {
    for (int64_t i = 0; i < args.size; ++i) args.x[i] += args.delta[i];
  }
  float sum = 0;
  for (int64_t i = 0; i < args.size; ++i) sum += args.x[i] * args.x[i];
  const float scale = 1.0f / std::sqrt(sum / static_cast<float>(args.size) + args.epsilon);
  for (int64_t i = 0; i < args.size; ++i) args.out[i] = args.x[i] * scale * args.weight[i];
}

}  // namespace redline::engine
