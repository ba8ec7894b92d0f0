#include "engine/weights/quant_block.h"

namespace redline::engine {
namespace {

// `num_bits` bits of a byte from bit `shift` on.
int BitsAt(std::byte byte, size_t shift, int num_bits) {
  return std::to_integer<int>(byte) >> shift & ((1 << num_bits) - 1);
}

// Packed nibbles: kRun low nibbles are the first kRun elements, the high nibbles of the same bytes
// the next, and so on.
template <size_t kRun, size_t kCount>
void ReadNibbles(const std::byte* packed, QuantBlock* block) {
  int8_t* quants = block->quants.data();
  for (size_t begin = 0; begin < kCount; begin += 2 * kRun, packed += kRun) {
    for (size_t i = 0; i < kRun; ++i) {
      quants[begin + i] = static_cast<int8_t>(packed[i] & std::byte{15});
      quants[begin + kRun + i] = static_cast<int8_t>(packed[i] >> 4);
    }
  }
}

void ReadQ8_0(const std::byte* from, QuantBlock* block) {
  std::memcpy(block->quants.data(), from + 2, 32);
}

template <size_t kQuantsAt>
void ReadQ4(const std::byte* from, QuantBlock* block) {
  ReadNibbles<16, 32>(from + kQuantsAt, block);
}

void AddHighBits(int bits, int8_t* quant) { *quant = static_cast<int8_t>(*quant | bits << 4); }

// 32 fifth bits, then nibbles.
template <size_t kQuantsAt>
void ReadQ5(const std::byte* from, QuantBlock* block) {
  ReadNibbles<16, 32>(from + kQuantsAt + 4, block);
  for (size_t i = 0; i < 32; ++i)
    AddHighBits(BitsAt(from[kQuantsAt + i / 8], i % 8, 1), &block->quants[i]);
}

// Eight scales and eight minima of six bits in twelve bytes: whole in the first eight bytes for
// sub-blocks 0..3; of 4..7 the lower four bits are in the last bytes and the upper two in the
// first.
void ReadSixBitScales(const std::byte* packed, QuantBlock* block) {
  for (size_t i = 0; i < 4; ++i) {
    block->sub_scales[i] = static_cast<int8_t>(BitsAt(packed[i], 0, 6));
    block->sub_minima[i] = static_cast<int8_t>(BitsAt(packed[i + 4], 0, 6));
    block->sub_scales[i + 4] =
        static_cast<int8_t>(BitsAt(packed[i + 8], 0, 4) | BitsAt(packed[i], 6, 2) << 4);
    block->sub_minima[i + 4] =
        static_cast<int8_t>(BitsAt(packed[i + 8], 4, 4) | BitsAt(packed[i + 4], 6, 2) << 4);
  }
}

void ReadQ4_K(const std::byte* from, QuantBlock* block) {
  ReadSixBitScales(from + 4, block);
  ReadNibbles<32, 256>(from + 16, block);
}

void ReadQ5_K(const std::byte* from, QuantBlock* block) {
  const std::byte* high_bits = from + 16;
  ReadSixBitScales(from + 4, block);
  ReadNibbles<32, 256>(from + 48, block);
  for (size_t i = 0; i < 256; ++i)
    AddHighBits(BitsAt(high_bits[i % 32], i / 32, 1), &block->quants[i]);
}

void ReadQ6_K(const std::byte* from, QuantBlock* block) {
  const std::byte* high_bits = from + 128;
  std::memcpy(block->sub_scales.data(), from + 192, 16);
  ReadNibbles<64, 256>(from, block);
  for (size_t i = 0; i < 256; ++i) {
    const std::byte packed = high_bits[i / 128 * 32 + i % 32];
    AddHighBits(BitsAt(packed, i % 128 / 32 * 2, 2), &block->quants[i]);
  }
}

using ReadFunction = void (*)(const std::byte*, QuantBlock*);

// In the order of DType; plain types have none.
constexpr std::array<ReadFunction, kNumDTypes> kReadFunctions = {
    nullptr,   nullptr,   nullptr,  ReadQ8_0, ReadQ4<2>, ReadQ4<4>,
    ReadQ5<2>, ReadQ5<4>, ReadQ4_K, ReadQ5_K, ReadQ6_K};

}  // namespace

void ReadQuantBlock(DType dtype, const std::byte* from, QuantBlock* block) {
  const DTypeInfo& info = InfoOf(dtype);
  block->scale = Load16(from + info.scale_at);
  if (info.HasMinimum()) block->minimum = Load16(from + info.minimum_at);
  kReadFunctions[static_cast<size_t>(dtype)](from, block);
}

}  // namespace redline::engine
