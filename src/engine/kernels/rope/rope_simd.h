// rope.h over any vector type of simd/. Interleaved pairs are left to the compiler's vectoriser.
#pragma once

#include "engine/kernels/rope/rope.h"

namespace redline::engine {

template <typename Simd>
[[gnu::always_inline]] inline void RotateHalves(float* values, int64_t half, const float* cos,
                                                const float* sin) {
  using Vec = typename Simd::Vec;
  for (int64_t i = 0; i < half; i += Simd::kLanes) {
    const int64_t count = half - i;
    const Vec a = Simd::LoadPartial(values + i, count);
    const Vec b = Simd::LoadPartial(values + half + i, count);
    const Vec c = Simd::LoadPartial(cos + i, count);
    const Vec s = Simd::LoadPartial(sin + i, count);
    Simd::StorePartial(values + i, count, Simd::Sub(Simd::Mul(a, c), Simd::Mul(b, s)));
    Simd::StorePartial(values + half + i, count, Simd::Add(Simd::Mul(b, c), Simd::Mul(a, s)));
  }
}

template <typename Simd>
[[gnu::always_inline]] inline void RotatePairs(float* values, int64_t half, const float* cos,
                                               const float* sin) {
  for (int64_t i = 0; i < half; ++i) {
    const float a = values[2 * i];
    const float b = values[2 * i + 1];
    values[2 * i] = a * cos[i] - b * sin[i];
    values[2 * i + 1] = b * cos[i] + a * sin[i];
  }
}

template <typename Simd>
void RopeSimd(const RopeArgs& args) {
  for (int64_t head = 0; head < args.num_heads; ++head) {
    float* values = args.heads + head * args.head_dim;
    if (args.pairs == RopePairs::kHalfSplit) {
      RotateHalves<Simd>(values, args.head_dim / 2, args.cos, args.sin);
    } else {
      RotatePairs<Simd>(values, args.head_dim / 2, args.cos, args.sin);
    }
  }
}

}  // namespace redline::engine
