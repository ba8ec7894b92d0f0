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

// acc[row][v] += a[row, k] * b[k, v] for k = 0, 1, ... in this order: one FMA each. b[k, v] are
// the vectors that load(row k of b, columns) puts into columns[kVecs].
template <typename Simd, int kRows, int kVecs, typename Element, typename Load>
[[gnu::always_inline]] inline void MultiplyTile(const float* a, int64_t a_stride, const Element* b,
                                                int64_t b_stride, int64_t num_k,
                                                typename Simd::Vec (&acc)[kRows][kVecs],
                                                const Load& load) {
  using Vec = typename Simd::Vec;
  for (int64_t k = 0; k < num_k; ++k) {
    Vec columns[kVecs];
    load(b + k * b_stride, columns);
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
      const Vec element = Simd::Set1(a[row * a_stride + k]);
#pragma GCC unroll 8
      for (int v = 0; v < kVecs; ++v) acc[row][v] = Simd::Fma(element, columns[v], acc[row][v]);
    }
  }
}

// The same with a `b` of f32.
template <typename Simd, int kRows, int kVecs>
[[gnu::always_inline]] inline void MultiplyTile(const float* a, int64_t a_stride, const float* b,
                                                int64_t b_stride, int64_t num_k,
                                                typename Simd::Vec (&acc)[kRows][kVecs]) {
  using Vec = typename Simd::Vec;
  MultiplyTile<Simd, kRows, kVecs>(
      a, a_stride, b, b_stride, num_k, acc,
      [](const float* from, Vec(&columns)[kVecs]) __attribute__((always_inline)) {
#pragma GCC unroll 8
        for (int v = 0; v < kVecs; ++v) columns[v] = Simd::Load(from + v * Simd::kLanes);
      });
}

}  // namespace redline::engine
