// exp(x) for the vector types of simd/, within 2 ulp on [-87.3, 88.3]; 0 below (also for -inf), NaN
// for NaN, at least 2e38 above. Reduction and polynomial as in Cephes' expf.
#pragma once

namespace redline::engine {

template <typename Simd>
[[gnu::always_inline]] inline typename Simd::Vec Exp(typename Simd::Vec x) {
  using Vec = typename Simd::Vec;
  constexpr float kLowest = -87.3f;
  constexpr float kHighest = 88.3f;
  const Vec clamped =
      Simd::Min(Simd::Set1(kHighest), Simd::Max(Simd::Set1(kLowest), x));  // NaN passes through
  const Vec n = Simd::Round(Simd::Mul(clamped, Simd::Set1(1.44269504088896341f)));
  Vec r = Simd::Fma(n, Simd::Set1(-0.693359375f), clamped);
  r = Simd::Fma(n, Simd::Set1(2.12194440e-4f), r);
  Vec p = Simd::Set1(1.9875691500e-4f);
  p = Simd::Fma(p, r, Simd::Set1(1.3981999507e-3f));
  p = Simd::Fma(p, r, Simd::Set1(8.3334519073e-3f));
  p = Simd::Fma(p, r, Simd::Set1(4.1665795894e-2f));
  p = Simd::Fma(p, r, Simd::Set1(1.6666665459e-1f));
  p = Simd::Fma(p, r, Simd::Set1(5.0000001201e-1f));
  p = Simd::Add(Simd::Fma(Simd::Mul(r, r), p, r), Simd::Set1(1.0f));
  return Simd::ZeroBelow(x, kLowest, Simd::Mul(p, Simd::Pow2(n)));
}

}  // namespace redline::engine
