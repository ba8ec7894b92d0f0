// exp of numbers that are not positive, for softmax weights: several times faster than the C
// library's, and without any instruction set beyond the baseline, so the same on every machine.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace redline::engine {

// Below this exp is treated as exp of this, 1.6e-38.
inline constexpr float kLeastExponent = -87.0F;

// Relative error below 2e-7. Method and coefficients: Cephes expf (Moshier): 2^n times a polynomial
// in the rest.
inline float FastExp(float exponent) {
  constexpr float kLog2E = 1.44269504F;
  constexpr float kLn2High = 0.693359375F;
  constexpr float kLn2Low = -2.12194440e-4F;
  const float x = std::max(exponent, kLeastExponent);
  // Rounds to nearest, as x is not positive.
  const auto power = static_cast<int32_t>(x * kLog2E - 0.5F);
  const auto n = static_cast<float>(power);
  const float rest = x - n * kLn2High - n * kLn2Low;
  float sum = 1.9875691500e-4F;
  sum = sum * rest + 1.3981999507e-3F;
  sum = sum * rest + 8.3334519073e-3F;
  sum = sum * rest + 4.1665795894e-2F;
  sum = sum * rest + 1.6666665459e-1F;
  sum = sum * rest + 5.0000001201e-1F;
  sum = sum * rest * rest + rest + 1.0F;
  return sum * std::bit_cast<float>((power + 127) << 23);
}

}  // namespace redline::engine
