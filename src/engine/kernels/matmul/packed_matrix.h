// A linear layer's weight, rearranged once at load for the matmul kernels of every ISA.
//
// The {out_features, in_features} matrix is cut into panels of 32 output features, padded with
// zeros to an even number of panels. A panel is a row of blocks in the order of k, so that SIMD
// lanes are output features and every output element is one chain of fused multiply-adds in the
// order of k. A block of a plain type is one k: [32] elements. A block of a quantised format is the
// format's block: scales, then quants, as packed_layout.h says.
//
// Two neighbouring panels share one contiguous stream, block by block: block 0 of the even panel,
// block 0 of the odd one, block 1 of the even one... A single row of x is multiplied with both at
// once and so reads memory in one sequential stream, which is what prefetching likes best. Every
// block starts on a cache line.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernels/matmul/packed_layout.h"
#include "engine/tensor.h"

namespace redline::engine {

// A view: the bytes belong to whoever packed them (the model's memory).
struct PackedMatrix {
  DType dtype = DType::kF32;
  int64_t out_features = 0;
  int64_t in_features = 0;
  int64_t num_blocks = 0;   // of a panel
  int64_t block_bytes = 0;  // of one panel's block
  const std::byte* data = nullptr;

  int64_t NumPanels() const { return (out_features + kPanelColumns - 1) / kPanelColumns; }
  // From `data` to the first block of a panel; its blocks are 2 * block_bytes apart.
  int64_t PanelOffset(int64_t panel) const {
    return (panel / 2 * 2 * num_blocks + panel % 2) * block_bytes;
  }
};

// Dimensions of the packed form of a weight; `data` is null. `in_features` is a multiple of the
// dtype's block.
PackedMatrix PackedShape(DType dtype, int64_t out_features, int64_t in_features);
inline int64_t PackedBytes(const PackedMatrix& matrix) {
  return (matrix.NumPanels() + 1) / 2 * 2 * matrix.num_blocks * matrix.block_bytes;
}

// Writes panel `panel` of `weight` (shape {matrix.out_features, matrix.in_features}) into `out`,
// PackedBytes of zeros before the first call.
void PackPanel(const TensorView& weight, const PackedMatrix& matrix, int64_t panel, std::byte* out);
// The weights of output feature `n` as f32: in_features values (a row of an embedding table).
void UnpackRow(const PackedMatrix& matrix, int64_t n, float* out);

}  // namespace redline::engine
