#include "engine/kernels/matmul/packed_matrix.h"

#include <algorithm>
#include <cstring>

#include "engine/weights/dequantize.h"

namespace redline::engine {
namespace {

template <typename T>
T Load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

template <typename T>
void Store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof(value));
}

// One column of a panel's blocks. Plain types: a block is one element.
template <DType kType>
class PackedColumn {
 public:
  explicit PackedColumn(int64_t column) : column_(column) {}

  void Write(const std::byte* from, std::byte* block) const {
    if constexpr (kInfo.IsQuantized()) {
      QuantBlock quants;
      ReadQuantBlock(kType, from, &quants);
      WriteQuants(quants, block);
    } else {
      std::memcpy(block + column_ * kInfo.block_bytes, from, kInfo.block_bytes);
    }
  }

  void Read(const std::byte* block, float* out) const {
    if constexpr (kInfo.IsQuantized()) {
      QuantBlock quants;
      ReadQuants(block, &quants);
      DequantizeBlock(kType, quants, out);
    } else {
      Dequantize(kType, block + column_ * kInfo.block_bytes, 1, out);
    }
  }

 private:
  static constexpr DTypeInfo kInfo = InfoOf(kType);
  static constexpr PackedLayout kLayout = PackedLayoutOf(kInfo);
  static constexpr int64_t kSubElements = kInfo.sub_block_elements;
  static constexpr int64_t kNumWords = kLayout.sub_block_bytes / (4 * kPanelColumns);
  static constexpr uint32_t kLowMask = (1u << kLayout.low_bits) - 1;
  static constexpr int kSignBit = 128;

  void WriteQuants(const QuantBlock& from, std::byte* block) const {
    Store(block + 2 * column_, from.scale);
    if (kInfo.HasMinimum()) Store(block + kLayout.minima + 2 * column_, from.minimum);
    for (int64_t sub = 0; sub * kSubElements < kInfo.block_elements; ++sub) {
      const int64_t sub_column = sub * kPanelColumns + column_;
      const auto index = static_cast<size_t>(sub);
      if (kInfo.HasSubBlocks())
        Store(block + kLayout.sub_scales + sub_column, from.sub_scales[index]);
      if (kInfo.HasSubBlocks() && kInfo.HasMinimum())
        Store(block + kLayout.sub_minima + sub_column, from.sub_minima[index]);
      const int8_t* quants = from.quants.data() + sub * kSubElements;
      std::byte* to = block + kLayout.sub_blocks + sub * kLayout.sub_block_bytes;
      kInfo.bits == 8 ? WriteBytes(quants, to) : WriteWords(quants, to);
    }
  }
  void ReadQuants(const std::byte* block, QuantBlock* to) const {
    to->scale = Load<uint16_t>(block + 2 * column_);
    if (kInfo.HasMinimum()) to->minimum = Load<uint16_t>(block + kLayout.minima + 2 * column_);
    for (int64_t sub = 0; sub * kSubElements < kInfo.block_elements; ++sub) {
      const int64_t sub_column = sub * kPanelColumns + column_;
      const auto index = static_cast<size_t>(sub);
      if (kInfo.HasSubBlocks())
        to->sub_scales[index] = Load<int8_t>(block + kLayout.sub_scales + sub_column);
      if (kInfo.HasSubBlocks() && kInfo.HasMinimum())
        to->sub_minima[index] = Load<int8_t>(block + kLayout.sub_minima + sub_column);
      int8_t* quants = to->quants.data() + sub * kSubElements;
      const std::byte* from = block + kLayout.sub_blocks + sub * kLayout.sub_block_bytes;
      kInfo.bits == 8 ? ReadBytes(from, quants) : ReadWords(from, quants);
    }
  }

  void WriteBytes(const int8_t* quants, std::byte* to) const {
    for (int64_t k = 0; k < kSubElements; ++k)
      Store(to + ByteAt(k), static_cast<int8_t>(quants[k] ^ kSignBit));
  }
  void ReadBytes(const std::byte* from, int8_t* quants) const {
    for (int64_t k = 0; k < kSubElements; ++k)
      quants[k] = static_cast<int8_t>(Load<int8_t>(from + ByteAt(k)) ^ kSignBit);
  }
  int64_t ByteAt(int64_t k) const { return (k / 4 * kPanelColumns + column_) * 4 + k % 4; }

  void WriteWords(const int8_t* quants, std::byte* to) const {
    uint32_t words[kNumWords] = {};
#pragma GCC unroll 32
    for (int64_t k = 0; k < kSubElements; ++k) {
      const PackedBits bits = PackedBitsOf(kLayout.low_bits, k);
      const auto quant = static_cast<uint32_t>(quants[k]);
      words[bits.word] |= quant >> kLayout.low_bits << bits.shift;
      words[0] |= (quant & kLowMask) << bits.low_shift;
    }
    for (int64_t i = 0; i < kNumWords; ++i) Store(to + (i * kPanelColumns + column_) * 4, words[i]);
  }
  void ReadWords(const std::byte* from, int8_t* quants) const {
    uint32_t words[kNumWords];
    for (int64_t i = 0; i < kNumWords; ++i)
      words[i] = Load<uint32_t>(from + (i * kPanelColumns + column_) * 4);
#pragma GCC unroll 32
    for (int64_t k = 0; k < kSubElements; ++k) {
      const PackedBits bits = PackedBitsOf(kLayout.low_bits, k);
      const uint32_t upper = words[bits.word] >> bits.shift & 15u;
      const uint32_t low = words[0] >> bits.low_shift & kLowMask;
      quants[k] = static_cast<int8_t>(upper << kLayout.low_bits | low);
    }
  }

  const int64_t column_;
};

}  // namespace

PackedMatrix PackedShape(DType dtype, int64_t out_features, int64_t in_features) {
  const DTypeInfo& info = InfoOf(dtype);
  return {.dtype = dtype,
          .out_features = out_features,
          .in_features = in_features,
          .num_blocks = in_features / info.block_elements,
          .block_bytes = PackedLayoutOf(info).block_bytes};
}

void PackPanel(const TensorView& weight, const PackedMatrix& matrix, int64_t panel,
               std::byte* out) {
  const int64_t source_block_bytes = InfoOf(matrix.dtype).block_bytes;
  const int64_t row_bytes = matrix.num_blocks * source_block_bytes;
  const int64_t first_row = panel * kPanelColumns;
  const int64_t num_rows = std::min(kPanelColumns, matrix.out_features - first_row);
  std::byte* first_block = out + matrix.PanelOffset(panel);
  WithDType(matrix.dtype, [&](auto dtype) {
    for (int64_t column = 0; column < num_rows; ++column) {
      const PackedColumn<decltype(dtype)::value> packed(column);
      const std::byte* row = weight.data + (first_row + column) * row_bytes;
      for (int64_t i = 0; i < matrix.num_blocks; ++i)
        packed.Write(row + i * source_block_bytes, first_block + i * 2 * matrix.block_bytes);
    }
  });
}

void UnpackRow(const PackedMatrix& matrix, int64_t n, float* out) {
  const int64_t block_elements = InfoOf(matrix.dtype).block_elements;
  const std::byte* first_block = matrix.data + matrix.PanelOffset(n / kPanelColumns);
  WithDType(matrix.dtype, [&](auto dtype) {
    const PackedColumn<decltype(dtype)::value> packed(n % kPanelColumns);
    for (int64_t i = 0; i < matrix.num_blocks; ++i)
      packed.Read(first_block + i * 2 * matrix.block_bytes, out + i * block_elements);
  });
}

}  // namespace redline::engine
