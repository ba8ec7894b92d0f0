// The forms in which matmul kernels take the rows of x. Rows are converted once per product, by
// ParallelMatmul, and then read by every panel of weights.
//
//   kF32    x where it is
//   kBf16   [in_features] bf16, rounded to nearest even, with zeros up to a multiple of 32
//   kInt8   [in_features / 32] Int8Block (int8_row.h): bytes with a scale for each 32 elements
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/tensor.h"

namespace redline::engine {

enum class RowForm { kF32, kBf16, kInt8 };
inline constexpr int kNumRowForms = 3;

// Elements that a row in a form is padded to.
inline constexpr int64_t kRowFormBlock = 32;

// From one row to the next; a multiple of 64. 0 for kF32, which has no copy.
constexpr int64_t RowFormBytes(RowForm form, int64_t in_features) {
  const int64_t num_blocks = (in_features + kRowFormBlock - 1) / kRowFormBlock;
  return form == RowForm::kF32 ? 0 : num_blocks * kRowFormBlock * 2;
}

// What a KernelSet does about them.
struct RowForms {
  // The form that a weight of this type is multiplied with.
  RowForm (*of)(DType weight);
  // Writes one row of x, RowFormBytes, to `out`, aligned to 64. Not called for kF32.
  void (*convert)(RowForm form, const float* x, int64_t in_features, std::byte* out);
};

// Sets whose arithmetic is f32 throughout.
inline constexpr RowForms kF32Rows = {[](DType) { return RowForm::kF32; }, nullptr};

}  // namespace redline::engine
