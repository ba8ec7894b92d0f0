// The forms in which matmul kernels take the rows of x. Rows are converted once per product, by
// ParallelMatmul, and then read by every panel of weights.
//
//   kF32    x where it is
//   kBf16   groups of 16 rows, for every 32 k a tile of [row][32] bf16, rounded to nearest even,
//           with zeros for k beyond the last; for AMX times kBf16RowScale (bf16_tiles.h)
//   kInt8   [row][in_features / 32] Int8Block (int8_row.h): bytes with a scale for each 32 elements
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/tensor.h"

namespace redline::engine {

enum class RowForm { kF32, kBf16, kInt8 };
inline constexpr int kNumRowForms = 3;

inline constexpr int64_t kRowFormBlock = 32;  // elements that a row is padded to
// Rows that are converted together. What kernels make of rows that a group lacks is thrown away.
inline constexpr int64_t kRowGroup = 16;

// Of one row, of whole blocks; a multiple of 64. 0 for kF32, which has no copy.
constexpr int64_t RowFormBytes(RowForm form, int64_t in_features) {
  const int64_t num_blocks = (in_features + kRowFormBlock - 1) / kRowFormBlock;
  return form == RowForm::kF32 ? 0 : num_blocks * kRowFormBlock * 2;
}
constexpr int64_t RowGroupBytes(RowForm form, int64_t in_features) {
  return kRowGroup * RowFormBytes(form, in_features);
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
  // Write a group of rows, RowGroupBytes, to `out`, aligned to 64; null for forms that `of` does
  // not give. By form; there is none for kF32.
  void (*convert[kNumRowForms])(const RowGroup& group, std::byte* out);
};

// Sets whose arithmetic is f32 throughout.
inline constexpr RowForms kF32Rows = {[](DType) { return RowForm::kF32; }, {}};

}  // namespace redline::engine
