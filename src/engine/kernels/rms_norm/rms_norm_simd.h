// rms_norm.h over any vector type of simd/.
#pragma once

#include "engine/kernels/rms_norm/rms_norm.h"

namespace redline::engine {

template <typename Simd>
void RmsNormSimd(const RmsNormArgs& args) {
  using Vec = typename Simd::Vec;
  Vec squares = Simd::Zero();
  for (int64_t i = 0; i < args.size; i += Simd::kLanes) {
    const int64_t count = args.size - i;
    Vec x = Simd::LoadPartial(args.x + i, count);
    if (args.delta != nullptr) {
      x = Simd::Add(x, Simd::LoadPartial(args.delta + i, count));
      Simd::StorePartial(args.x + i, count, x);
    }
    squares = Simd::Fma(x, x, squares);
  }
  const float mean = Simd::Sum(squares) / static_cast<float>(args.size);
  const Vec scale = Simd::Set1(1.0f / __builtin_sqrtf(mean + args.epsilon));
  for (int64_t i = 0; i < args.size; i += Simd::kLanes) {
    const int64_t count = args.size - i;
    const Vec x = Simd::Mul(Simd::LoadPartial(args.x + i, count), scale);
    Simd::StorePartial(args.out + i, count,
                       Simd::Mul(x, Simd::LoadPartial(args.weight + i, count)));
  }
}

}  // namespace redline::engine
