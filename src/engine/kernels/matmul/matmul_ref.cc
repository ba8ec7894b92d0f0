// Unpacks one output feature's weights, then one plain dot product per row.
#include <cstring>
#include <vector>

#include "engine/kernels/matmul/matmul.h"
#include "engine/weights/dequantize.h"

namespace redline::engine {
namespace {

template <typename T>
T Load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// One output feature: a column of a panel (packed_matrix.h has the layouts).
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

void MatmulRef(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
  const PackedMatrix& weight = part.weight;
  std::vector<float> weights(static_cast<size_t>(weight.in_features));
  const int64_t end = range.panel_end * kPanelColumns;
  for (int64_t n = range.panel_begin * kPanelColumns; n < end && n < weight.out_features; ++n) {
    const PanelColumn column(weight, n);
    for (int64_t k = 0; k < weight.in_features; ++k) weights[static_cast<size_t>(k)] = column.At(k);
    for (int64_t row = range.row_begin; row < range.row_end; ++row) {
      const float* x = args.x + row * args.x_stride;
      float sum = 0;
      for (int64_t k = 0; k < weight.in_features; ++k)
        sum += x[k] * weights[static_cast<size_t>(k)];
      if (part.bias != nullptr) sum += part.bias[n];
      args.out[row * args.out_stride + part.out_column + n] = sum;
    }
  }
}

}  // namespace redline::engine
