// x += delta (when given), then out[i] = x[i] * weight[i] / sqrt(mean(x^2) + epsilon), over one row
// of `size` f32 values: the residual addition and the norm that always follows it.
//
// `out` may be `x`. FLOPs: 5 * size; bytes: 20 * size; bound: L1 bandwidth. The order of the sum
// depends on `size` alone.
#pragma once

#include <cstdint>

namespace redline::engine {

struct RmsNormArgs {
  float* x = nullptr;
  const float* delta = nullptr;  // or none
  const float* weight = nullptr;
  float* out = nullptr;
  int64_t size = 0;
  float epsilon = 0;
};

void RmsNormRef(const RmsNormArgs& args);
void RmsNormAvx2(const RmsNormArgs& args);
void RmsNormAvx512(const RmsNormArgs& args);

}  // namespace redline::engine
