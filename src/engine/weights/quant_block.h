// GGML's quantised blocks taken apart into integers. The only code that knows where each format
// keeps its bits; dequantisation and the kernels' packing both start from here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/tensor.h"

namespace redline::engine {

inline constexpr size_t kMaxBlockElements = 256;
inline constexpr size_t kMaxSubBlocks = 16;

// The numbers of DTypeInfo's formulas. Entries that a format does not have are undefined.
struct QuantBlock {
  uint16_t scale;    // f16 bits
  uint16_t minimum;  // f16 bits
  std::array<int8_t, kMaxSubBlocks> sub_scales;
  std::array<int8_t, kMaxSubBlocks> sub_minima;
  std::array<int8_t, kMaxBlockElements> quants;
};

// The 16 bits at `from`, which needs no alignment.
inline uint16_t Load16(const std::byte* from) {
  uint16_t bits;
  std::memcpy(&bits, from, sizeof(bits));
  return bits;
}

// Reads one block of a quantised format. `from` needs no alignment.
void ReadQuantBlock(DType dtype, const std::byte* from, QuantBlock* block);

}  // namespace redline::engine
