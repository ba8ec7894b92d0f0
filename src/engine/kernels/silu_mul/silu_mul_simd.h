// silu_mul.h over any vector type of simd/.
#pragma once

#include "engine/kernels/silu_mul/silu_mul.h"
#include "engine/kernels/simd/exp.h"

namespace redline::engine {

template <typename Simd>
[[gnu::always_inline]] inline typename Simd::Vec SiluMul(typename Simd::Vec gate,
                                                         typename Simd::Vec up) {
  const typename Simd::Vec denominator =
      Simd::Add(Simd::Set1(1.0f), Exp<Simd>(Simd::Sub(Simd::Zero(), gate)));
  return Simd::Mul(Simd::Div(gate, denominator), up);
}

template <typename Simd>
void SiluMulSimd(const SiluMulArgs& args) {
  for (int64_t i = 0; i < args.size; i += Simd::kLanes) {
    const int64_t count = args.size - i;
    Simd::StorePartial(args.out + i, count,
                       SiluMul<Simd>(Simd::LoadPartial(args.gate + i, count),
                                     Simd::LoadPartial(args.up + i, count)));
  }
}

}  // namespace redline::engine
