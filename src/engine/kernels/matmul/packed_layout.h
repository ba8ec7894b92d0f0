// Where the numbers of a quantised format lie in one panel's block (packed_matrix.h). Shared by
// packing and by the kernels; constants only.
//
// A block is a header and then its sub-blocks in the order of k. The header:
//   [32] f16 scales, [32] f16 minima (formats with a minimum), then for formats with sub-blocks
//   [sub-block][32] int8 scales and, with a minimum, [sub-block][32] int8 minima.
// Four consecutive k are a quad, whose q, never negative (8 bits: q + 128), are taken to the four
// bytes of a word. A sub-block's q, by their bits:
//   8      [k / 4][32] uint32: quads
//   4      [k / 8][32] uint32: byte i holds k = i in its low nibble and k = 4 + i in its high one
//   5, 6   [32] uint32 with the lowest one or two bits of every q: byte i holds, from bit 0 up,
//          k = i, 4 + i, 8 + i...; then [k / 8][32] uint32 with the upper four, as for 4 bits
#pragma once

#include <cstdint>

#include "engine/tensor.h"

namespace redline::engine {

inline constexpr int64_t kPanelColumns = 32;

struct PackedLayout {
  // Byte offsets in a block.
  int64_t minima = 0;
  int64_t sub_scales = 0;
  int64_t sub_minima = 0;
  int64_t sub_blocks = 0;
  int64_t sub_block_bytes = 0;
  int64_t block_bytes = 0;
  int low_bits = 0;  // of a q that are kept apart from its upper four; not for 8 bits
  int offset = 0;    // of a q as it is packed: DTypeInfo's, or 128 for 8 bits
};

constexpr PackedLayout PackedLayoutOf(const DTypeInfo& info) {
  PackedLayout layout;
  if (!info.IsQuantized()) {
    layout.block_bytes = info.block_bytes * kPanelColumns;
    return layout;
  }
  const int64_t num_sub_blocks = info.block_elements / info.sub_block_elements;
  const int64_t sub_header_bytes = info.HasSubBlocks() ? num_sub_blocks * kPanelColumns : 0;
  layout.minima = 2 * kPanelColumns;
  layout.sub_scales = layout.minima + (info.HasMinimum() ? 2 * kPanelColumns : 0);
  layout.sub_minima = layout.sub_scales + sub_header_bytes;
  layout.sub_blocks = layout.sub_minima + (info.HasMinimum() ? sub_header_bytes : 0);
  layout.sub_block_bytes = info.sub_block_elements * info.bits / 8 * kPanelColumns;
  layout.block_bytes = layout.sub_blocks + num_sub_blocks * layout.sub_block_bytes;
  layout.low_bits = info.bits == 8 ? 0 : info.bits - 4;
  layout.offset = info.bits == 8 ? 128 : info.offset;
  return layout;
}

// Where the bits of the q of element k of a sub-block are in its column's words.
struct PackedBits {
  int64_t word;   // of the upper four bits
  int shift;      // in that word
  int low_shift;  // of the others, in word 0; where low_bits is not 0
};

constexpr PackedBits PackedBitsOf(int low_bits, int64_t k) {
  const auto byte = static_cast<int>(k % 4 * 8);
  return {(low_bits == 0 ? 0 : 1) + k / 8, byte + static_cast<int>(k / 4 % 2 * 4),
          byte + static_cast<int>(k / 4) * low_bits};
}

template <DType kType>
struct DTypeConstant {
  static constexpr DType value = kType;
};

// Calls body(DTypeConstant<dtype>()).
template <size_t kIndex = 0, typename Body>
[[gnu::always_inline]] inline void WithDType(DType dtype, const Body& body) {
  if constexpr (kIndex < kNumDTypes) {
    constexpr auto kType = static_cast<DType>(kIndex);
    if (dtype == kType) return body(DTypeConstant<kType>());
    WithDType<kIndex + 1>(dtype, body);
  }
}

}  // namespace redline::engine
