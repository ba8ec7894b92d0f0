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

// One output feature: a column of a panel.
struct PanelColumn {
  const std::byte* panel;
  int64_t column;

  float Q8(int64_t k) const {
    const std::byte* block = panel + k / kQuantBlock * (2 + kQuantBlock) * kPanelColumns;
    const std::byte* quants = block + 2 * kPanelColumns;
    return Scale(block) * Load<int8_t>(quants + k % kQuantBlock * kPanelColumns + column);
  }
  float Q4_0(int64_t k) const {
    const std::byte* block = panel + k / kQuantBlock * 18 * kPanelColumns;
    return Scale(block) * static_cast<float>(Nibble(block + 2 * kPanelColumns, k) - 8);
  }
  float Q4_1(int64_t k) const {
    const std::byte* block = panel + k / kQuantBlock * 20 * kPanelColumns;
    const float minimum = Scale(block + 2 * kPanelColumns);
    return Scale(block) * static_cast<float>(Nibble(block + 4 * kPanelColumns, k)) + minimum;
  }
  float Scale(const std::byte* scales) const {
    return F16ToF32(Load<uint16_t>(scales + column * 2));
  }
  int Nibble(const std::byte* words, int64_t k) const {
    const int64_t group = k % kQuantBlock / 8;
    const uint32_t word = Load<uint32_t>(words + (group * kPanelColumns + column) * 4);
    return static_cast<int>(word >> (4 * (k % 8)) & 15);
  }
  const std::byte* Element(int64_t k, int64_t bytes) const {
    return panel + (k * kPanelColumns + column) * bytes;
  }

  float At(DType dtype, int64_t k) const {
    switch (dtype) {
      case DType::kF32:
        return Load<float>(Element(k, 4));
      case DType::kF16:
        return F16ToF32(Load<uint16_t>(Element(k, 2)));
      case DType::kBF16:
        return BF16ToF32(Load<uint16_t>(Element(k, 2)));
      case DType::kQ8_0:
        return Q8(k);
      case DType::kQ4_0:
        return Q4_0(k);
      case DType::kQ4_1:
        return Q4_1(k);
    }
    return 0;
  }
};

}  // namespace

void MatmulRef(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
  const PackedMatrix& weight = part.weight;
  std::vector<float> weights(static_cast<size_t>(weight.in_features));
  const int64_t end = range.panel_end * kPanelColumns;
  for (int64_t n = range.panel_begin * kPanelColumns; n < end && n < weight.out_features; ++n) {
    const PanelColumn column = {weight.Panel(n / kPanelColumns), n % kPanelColumns};
    for (int64_t k = 0; k < weight.in_features; ++k)
      weights[static_cast<size_t>(k)] = column.At(weight.dtype, k);
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
