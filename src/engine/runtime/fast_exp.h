// exp of numbers that are not positive, for softmax weights: several times faster than the C
// library's, and without any instruction set beyond the baseline, so the same on every machine.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace redline::engine {

// Below this exp is treated as exp of this, 1.6e-38.
inline constexpr float kLeastExponent = -87.0F;

// Of FastExp and of its vectors in row_scan.cc. Method and coefficients: Cephes expf (Moshier): 2^n
// times a polynomial in the rest.
inline constexpr float kLog2E = 1.44269504F;
inline constexpr float kLn2High = 0.693359375F;
inline constexpr float kLn2Low = -2.12194440e-4F;
inline constexpr std::array<float, 6> kExpTerms = {1.9875691500e-4F, 1.3981999507e-3F,
                                                   8.3334519073e-3F, 4.1665795894e-2F,
                                                   1.6666665459e-1F, 5.0000001201e-1F};

// Relative error below 2e-7.
inline float FastExp(float exponent) {
  const float x = std::max(exponent, kLeastExponent);
  // Rounds to nearest, as x is not positive.
  const auto power = static_cast<int32_t>(x * kLog2E - 0.5F);
  const auto n = static_cast<float>(power);
  const float rest = x - n * kLn2High - n * kLn2Low;
  float sum = kExpTerms[0];
  for (size_t term = 1; term < kExpTerms.size(); ++term) sum = sum * rest + kExpTerms[term];
  sum = sum * rest * rest + rest + 1.0F;
  return sum * std::bit_cast<float>((power + 127) << 23);
}

}  // namespace redline::engine
