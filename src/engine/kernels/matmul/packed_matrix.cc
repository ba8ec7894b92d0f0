#include "engine/kernels/matmul/packed_matrix.h"

#include <algorithm>
#include <cstring>

namespace redline::engine {
namespace {

constexpr int64_t kCacheLine = 64;
constexpr int64_t kScaleBytes = 2;  // f16

// The panel's rows of the weight in the file: up to 32, each `row_bytes` long.
struct PanelSource {
  const std::byte* first_row;
  int64_t row_bytes;
  int64_t num_rows;

  const std::byte* Block(int64_t row, int64_t block, int64_t block_bytes) const {
    return first_row + row * row_bytes + block * block_bytes;
  }
};

void PackElements(const PanelSource& source, int64_t in_features, int64_t element_bytes,
                  std::byte* out) {
  for (int64_t row = 0; row < source.num_rows; ++row) {
    for (int64_t k = 0; k < in_features; ++k) {
      std::memcpy(out + (k * kPanelColumns + row) * element_bytes,
                  source.Block(row, k, element_bytes), static_cast<size_t>(element_bytes));
    }
  }
}

void PackQ8(const PanelSource& source, int64_t num_blocks, std::byte* out) {
  for (int64_t block = 0; block < num_blocks; ++block) {
    std::byte* scales = out + block * (kScaleBytes + kQuantBlock) * kPanelColumns;
    std::byte* quants = scales + kScaleBytes * kPanelColumns;
    for (int64_t row = 0; row < source.num_rows; ++row) {
      const std::byte* from = source.Block(row, block, kScaleBytes + kQuantBlock);
      std::memcpy(scales + row * kScaleBytes, from, kScaleBytes);
      for (int64_t k = 0; k < kQuantBlock; ++k)
        quants[k * kPanelColumns + row] = from[kScaleBytes + k];
    }
  }
}

// Nibbles of elements 8 g .. 8 g + 7 of a GGML block, whose low nibbles are elements 0..15 and high
// nibbles 16..31.
uint32_t GatherNibbles(const std::byte* quants, int64_t group) {
  const std::byte* bytes = quants + group % 2 * 8;
  const int shift = group < 2 ? 0 : 4;
  uint32_t word = 0;
  for (int i = 0; i < 8; ++i)
    word |= (std::to_integer<uint32_t>(bytes[i]) >> shift & 15u) << (4 * i);
  return word;
}

// `num_scales` is 1 (scale) or 2 (scale and minimum).
void PackQ4(const PanelSource& source, int64_t num_blocks, int64_t num_scales, std::byte* out) {
  constexpr int64_t kGroups = 4;
  const int64_t header_bytes = num_scales * kScaleBytes;
  for (int64_t block = 0; block < num_blocks; ++block) {
    std::byte* header = out + block * (header_bytes + kQuantBlock / 2) * kPanelColumns;
    std::byte* words = header + header_bytes * kPanelColumns;
    for (int64_t row = 0; row < source.num_rows; ++row) {
      const std::byte* from = source.Block(row, block, header_bytes + kQuantBlock / 2);
      for (int64_t scale = 0; scale < num_scales; ++scale)
        std::memcpy(header + (scale * kPanelColumns + row) * kScaleBytes,
                    from + scale * kScaleBytes, kScaleBytes);
      for (int64_t group = 0; group < kGroups; ++group) {
        const uint32_t word = GatherNibbles(from + header_bytes, group);
        std::memcpy(words + (group * kPanelColumns + row) * 4, &word, sizeof(word));
      }
    }
  }
}

}  // namespace

PackedMatrix PackedShape(DType dtype, int64_t out_features, int64_t in_features) {
  const int64_t bytes = BytesOf(dtype, in_features) * kPanelColumns;
  return {.dtype = dtype,
          .out_features = out_features,
          .in_features = in_features,
          .panel_bytes = (bytes + kCacheLine - 1) / kCacheLine * kCacheLine};
}

void PackPanel(const TensorView& weight, const PackedMatrix& matrix, int64_t panel,
               std::byte* out) {
  std::memset(out, 0, static_cast<size_t>(matrix.panel_bytes));
  const int64_t first_row = panel * kPanelColumns;
  const int64_t row_bytes = BytesOf(matrix.dtype, matrix.in_features);
  const PanelSource source = {.first_row = weight.data + first_row * row_bytes,
                              .row_bytes = row_bytes,
                              .num_rows = std::min(kPanelColumns, matrix.out_features - first_row)};
  const int64_t num_blocks = matrix.in_features / InfoOf(matrix.dtype).block_elements;
  switch (matrix.dtype) {
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
      return PackElements(source, num_blocks, InfoOf(matrix.dtype).block_bytes, out);
    case DType::kQ8_0:
      return PackQ8(source, num_blocks, out);
    case DType::kQ4_0:
      return PackQ4(source, num_blocks, 1, out);
    case DType::kQ4_1:
      return PackQ4(source, num_blocks, 2, out);
  }
}

}  // namespace redline::engine
