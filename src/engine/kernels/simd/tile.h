// The register tile under matmul and attention.
#pragma once

#include <cstdint>

namespace redline::engine {

template <int kValue>
struct Constant {
  static constexpr int value = kValue;
};

// Calls body(Constant<rows>()) for the run-time `rows` in [1, kMaxRows].
template <int kMaxRows, typename Body>
[[gnu::always_inline]] inline void WithRows(int64_t rows, const Body& body) {
  if (rows == kMaxRows) {
    body(Constant<kMaxRows>());
  } else if constexpr (kMaxRows > 1) {
    WithRows<kMaxRows - 1>(rows, body);
  }
}

// acc[row][v] += a[row, k] * b[k, v] for k = 0, 1, ... in this order: one FMA each.
template <typename Simd, int kRows, int kVecs>
[[gnu::always_inline]] inline void MultiplyTile(const float* a, int64_t a_stride, const float* b,
                                                int64_t b_stride, int64_t num_k,
                                                typename Simd::Vec (&acc)[kRows][kVecs]) {
  using Vec = typename Simd::Vec;
  for (int64_t k = 0; k < num_k; ++k) {
    Vec columns[kVecs];
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) columns[v] = Simd::Load(b + k * b_stride + v * Simd::kLanes);
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
      const Vec element = Simd::Set1(a[row * a_stride + k]);
#pragma GCC unroll 8
      for (int v = 0; v < kVecs; ++v) acc[row][v] = Simd::Fma(element, columns[v], acc[row][v]);
    }
  }
}

}  // namespace redline::engine
