#include "engine/kernels/matmul/packed_matrix.h"

#include <algorithm>
#include <cstring>

#include "engine/weights/dequantize.h"

namespace redline::engine {
namespace {

constexpr int64_t kScaleBytes = 2;  // f16

// One panel's rows of the weight in the file, up to 32 of them, and its blocks in the packed form.
struct PanelCopy {
  const std::byte* first_row;
  int64_t row_bytes;
  int64_t source_block_bytes;
  int64_t num_rows;
  std::byte* first_block;
  int64_t block_stride;

  const std::byte* Source(int64_t row, int64_t block) const {
    return first_row + row * row_bytes + block * source_block_bytes;
  }
  std::byte* Block(int64_t block) const { return first_block + block * block_stride; }
};

void PackElements(const PanelCopy& copy, int64_t num_blocks) {
  const int64_t element_bytes = copy.source_block_bytes;
  for (int64_t row = 0; row < copy.num_rows; ++row) {
    for (int64_t k = 0; k < num_blocks; ++k) {
      std::memcpy(copy.Block(k) + row * element_bytes, copy.Source(row, k),
                  static_cast<size_t>(element_bytes));
    }
  }
}

void PackQ8(const PanelCopy& copy, int64_t num_blocks) {
  for (int64_t block = 0; block < num_blocks; ++block) {
    std::byte* scales = copy.Block(block);
    std::byte* quants = scales + kScaleBytes * kPanelColumns;
    for (int64_t row = 0; row < copy.num_rows; ++row) {
      const std::byte* from = copy.Source(row, block);
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
void PackQ4(const PanelCopy& copy, int64_t num_blocks, int64_t num_scales) {
  constexpr int64_t kGroups = 4;
  for (int64_t block = 0; block < num_blocks; ++block) {
    std::byte* header = copy.Block(block);
    std::byte* words = header + num_scales * kScaleBytes * kPanelColumns;
    for (int64_t row = 0; row < copy.num_rows; ++row) {
      const std::byte* from = copy.Source(row, block);
      for (int64_t scale = 0; scale < num_scales; ++scale, from += kScaleBytes)
        std::memcpy(header + (scale * kPanelColumns + row) * kScaleBytes, from, kScaleBytes);
      for (int64_t group = 0; group < kGroups; ++group) {
        const uint32_t word = GatherNibbles(from, group);
        std::memcpy(words + (group * kPanelColumns + row) * 4, &word, sizeof(word));
      }
    }
  }
}

template <typename T>
T Load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// One output feature: a column of a panel.
struct PanelColumn {
  PanelColumn(const PackedMatrix& packed, int64_t n)
      : matrix(packed),
        first_block(packed.data + packed.PanelOffset(n / kPanelColumns)),
        column(n % kPanelColumns) {}

  const std::byte* Block(int64_t index) const {
    return first_block + index * 2 * matrix.block_bytes;
  }
  float Scale(const std::byte* scales) const {
    return F16ToF32(Load<uint16_t>(scales + column * 2));
  }
  float Quant(const std::byte* quants, int64_t k) const {
    return Load<int8_t>(quants + k * kPanelColumns + column);
  }
  float Nibble(const std::byte* words, int64_t k) const {
    const uint32_t word = Load<uint32_t>(words + (k / 8 * kPanelColumns + column) * 4);
    return static_cast<float>(word >> (4 * (k % 8)) & 15);
  }

  float At(int64_t k) const {
    const std::byte* element = Block(k) + column * (matrix.block_bytes / kPanelColumns);
    const std::byte* block = Block(k / kQuantBlock);
    constexpr int64_t kScales = 2 * kPanelColumns;  // bytes
    const int64_t k_in_block = k % kQuantBlock;
    switch (matrix.dtype) {
      case DType::kF32:
        return Load<float>(element);
      case DType::kF16:
        return F16ToF32(Load<uint16_t>(element));
      case DType::kBF16:
        return BF16ToF32(Load<uint16_t>(element));
      case DType::kQ8_0:
        return Scale(block) * Quant(block + kScales, k_in_block);
      case DType::kQ4_0:
        return Scale(block) * (Nibble(block + kScales, k_in_block) - 8);
      case DType::kQ4_1:
        return Scale(block) * Nibble(block + 2 * kScales, k_in_block) + Scale(block + kScales);
    }
    return 0;
  }

  const PackedMatrix& matrix;
  const std::byte* first_block;
  int64_t column;
};

}  // namespace

PackedMatrix PackedShape(DType dtype, int64_t out_features, int64_t in_features) {
  const DTypeInfo& info = InfoOf(dtype);
  return {.dtype = dtype,
          .out_features = out_features,
          .in_features = in_features,
          .num_blocks = in_features / info.block_elements,
          .block_bytes = info.block_bytes * kPanelColumns};
}

void PackPanel(const TensorView& weight, const PackedMatrix& matrix, int64_t panel,
               std::byte* out) {
  const int64_t first_row = panel * kPanelColumns;
  const int64_t row_bytes = BytesOf(matrix.dtype, matrix.in_features);
  const PanelCopy copy = {.first_row = weight.data + first_row * row_bytes,
                          .row_bytes = row_bytes,
                          .source_block_bytes = InfoOf(matrix.dtype).block_bytes,
                          .num_rows = std::min(kPanelColumns, matrix.out_features - first_row),
                          .first_block = out + matrix.PanelOffset(panel),
                          .block_stride = 2 * matrix.block_bytes};
  switch (matrix.dtype) {
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
      return PackElements(copy, matrix.num_blocks);
    case DType::kQ8_0:
      return PackQ8(copy, matrix.num_blocks);
    case DType::kQ4_0:
      return PackQ4(copy, matrix.num_blocks, 1);
    case DType::kQ4_1:
      return PackQ4(copy, matrix.num_blocks, 2);
  }
}

void UnpackRow(const PackedMatrix& matrix, int64_t n, float* out) {
  const PanelColumn column(matrix, n);
  for (int64_t k = 0; k < matrix.in_features; ++k) out[k] = column.At(k);
}

}  // namespace redline::engine
