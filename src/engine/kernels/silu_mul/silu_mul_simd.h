// silu_mul.h over any vector type of simd/.
#pragma once

#include "engine/kernels/silu_mul/silu_mul.h"
#include "engine/kernels/simd/exp.h"

namespace redline::engine {

template <typename Simd>
void SiluMulSimd(const SiluMulArgs& args) {
  using Vec = typename Simd::Vec;
  const Vec one = Simd::Set1(1.0f);
  for (int64_t i = 0; i < args.size; i += Simd::kLanes) {
    const int64_t count = args.size - i;
    const Vec gate = Simd::LoadPartial(args.gate + i, count);
    const Vec denominator = Simd::Add(one, Exp<Simd>(Simd::Sub(Simd::Zero(), gate)));
    const Vec up = Simd::LoadPartial(args.up + i, count);
    Simd::StorePartial(args.out + i, count, Simd::Mul(Simd::Div(gate, denominator), up));
  }
}

}  // namespace redline::engine
