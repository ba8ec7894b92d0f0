// Scalar decoding of every element and block format to f32: embedding rows, norms, tests. The
// kernels have their own fast paths; these functions are what those are compared with.
//
// Results are those of the reference bit for bit: f32 arithmetic by DTypeInfo's formulas, in which
// at most the last addition rounds. Inputs need no alignment. Pure functions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "engine/tensor.h"
#include "engine/weights/quant_block.h"

namespace redline::engine {

// IEEE half precision. F32ToF16 rounds to nearest even; overflow gives infinity, NaN stays NaN.
float F16ToF32(uint16_t bits);
uint16_t F32ToF16(float value);

inline float BF16ToF32(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}
// Rounds to nearest even; NaN stays NaN.
uint16_t F32ToBF16(float value);

// Decodes `num_elements` (a multiple of the format's block) from `blocks` to `out`.
void Dequantize(DType dtype, const std::byte* blocks, int64_t num_elements, float* out);
// The block_elements values of one block.
void DequantizeBlock(DType dtype, const QuantBlock& block, float* out);
// The whole tensor as f32.
std::vector<float> DequantizeTensor(const TensorView& tensor);

// kDataLoss naming the tensor when an element (or a block's scale or minimum) is infinite or NaN.
Status CheckFinite(const TensorView& tensor);

}  // namespace redline::engine
