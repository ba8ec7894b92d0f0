// The forms in which matmul kernels take the rows of x. Rows are converted once per product, by
// ParallelMatmul, and then read by every panel of weights.
//
//   kF32    x where it is
//   kBf16   groups of 16 rows, for every 32 k a tile of [row][32] bf16, rounded to nearest even,
//   with
//           zeros for k beyond the last
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/tensor.h"

namespace redline::engine {

enum class RowForm { kF32, kBf16 };
inline constexpr int kNumRowForms = 2;

inline constexpr int64_t kRowFormBlock = 32;  // elements that a row is padded to
// Rows that are converted together. What kernels make of rows that a group lacks is thrown away.
inline constexpr int64_t kRowGroup = 16;

// Of a group of rows; a multiple of 64. 0 for kF32, which has no copy.
constexpr int64_t RowGroupBytes(RowForm form, int64_t in_features) {
  const int64_t num_blocks = (in_features + kRowFormBlock - 1) / kRowFormBlock;
  return form == RowForm::kF32 ? 0 : kRowGroup * num_blocks * kRowFormBlock * 2;
}
constexpr int64_t NumRowGroups(int64_t num_rows) { return (num_rows + kRowGroup - 1) / kRowGroup; }

struct RowGroup {
  const float* x = nullptr;
  int64_t x_stride = 0;
  int64_t num_rows = 0;  // 1 to kRowGroup
  int64_t in_features = 0;
};

// What a KernelSet does about them.
struct RowForms {
  // The form that a weight of this type is multiplied with.
  RowForm (*of)(DType weight);
  // Writes a group of rows, RowGroupBytes, to `out`, aligned to 64. Not called for kF32.
  void (*convert)(RowForm form, const RowGroup& group, std::byte* out);
};

// Sets whose arithmetic is f32 throughout.
inline constexpr RowForms kF32Rows = {[](DType) { return RowForm::kF32; }, nullptr};

}  // namespace redline::engine
