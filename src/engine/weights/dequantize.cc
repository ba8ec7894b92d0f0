#include "engine/weights/dequantize.h"

#include <algorithm>
#include <cstring>

namespace redline::engine {
namespace {

constexpr int64_t kBlock = 32;

uint16_t Load16(const std::byte* from) {
  uint16_t bits;
  std::memcpy(&bits, from, sizeof(bits));
  return bits;
}

void DecodeQ8_0(const std::byte* block, float* out) {
  const float scale = F16ToF32(Load16(block));
  for (int64_t i = 0; i < kBlock; ++i)
    out[i] = scale * static_cast<float>(static_cast<int8_t>(block[2 + i]));
}

// Low nibbles are elements 0..15, high nibbles 16..31.
int NibbleAt(const std::byte* packed, int64_t index) {
  const int byte = std::to_integer<int>(packed[index % 16]);
  return index < 16 ? byte & 15 : byte >> 4;
}

void DecodeQ4_0(const std::byte* block, float* out) {
  const float scale = F16ToF32(Load16(block));
  for (int64_t i = 0; i < kBlock; ++i)
    out[i] = scale * static_cast<float>(NibbleAt(block + 2, i) - 8);
}

void DecodeQ4_1(const std::byte* block, float* out) {
  const float scale = F16ToF32(Load16(block));
  const float minimum = F16ToF32(Load16(block + 2));
  for (int64_t i = 0; i < kBlock; ++i)
    out[i] = scale * static_cast<float>(NibbleAt(block + 4, i)) + minimum;
}

template <typename DecodeBlock>
void DecodeBlocks(DType dtype, const std::byte* blocks, int64_t num_elements, float* out,
                  DecodeBlock decode) {
  const int64_t block_bytes = InfoOf(dtype).block_bytes;
  for (int64_t i = 0; i < num_elements; i += kBlock, blocks += block_bytes) decode(blocks, out + i);
}

// Whether any of `count` 16-bit values, `stride` bytes apart, has all of `exponent`'s bits set.
bool AnyNonFinite16(const std::byte* data, int64_t count, int64_t stride, uint16_t exponent) {
  bool found = false;
  for (int64_t i = 0; i < count; ++i) found |= (Load16(data + i * stride) & exponent) == exponent;
  return found;
}

bool AnyNonFinite32(const std::byte* data, int64_t count) {
  constexpr uint32_t kExponent = 0x7f800000;
  bool found = false;
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, data + i * 4, sizeof(bits));
    found |= (bits & kExponent) == kExponent;
  }
  return found;
}

bool AnyNonFinite(const TensorView& tensor) {
  constexpr uint16_t kF16Exponent = 0x7c00;
  constexpr uint16_t kBF16Exponent = 0x7f80;
  const int64_t count = tensor.NumElements();
  const int64_t block_bytes = InfoOf(tensor.dtype).block_bytes;
  switch (tensor.dtype) {
    case DType::kF32:
      return AnyNonFinite32(tensor.data, count);
    case DType::kF16:
      return AnyNonFinite16(tensor.data, count, 2, kF16Exponent);
    case DType::kBF16:
      return AnyNonFinite16(tensor.data, count, 2, kBF16Exponent);
    case DType::kQ8_0:
    case DType::kQ4_0:
      return AnyNonFinite16(tensor.data, count / kBlock, block_bytes, kF16Exponent);
    case DType::kQ4_1:
      return AnyNonFinite16(tensor.data, count / kBlock, block_bytes, kF16Exponent) ||
             AnyNonFinite16(tensor.data + 2, count / kBlock, block_bytes, kF16Exponent);
  }
  return false;
}

}  // namespace

float F16ToF32(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t exponent = (bits >> 10) & 31;
  const uint32_t mantissa = bits & 0x3ff;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | (mantissa << 13));
  if (exponent != 0)
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;  // zero and subnormals, exact
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
}

uint16_t F32ToF16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;   // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00;  // 65520 and above round to infinity
  if (magnitude < 0x38800000) {
    // Below 2^-14: adding 0.5 aligns the result's last bit with f32's, which then rounds to even.
    const float aligned = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(aligned) - 0x3f000000));
  }
  const uint32_t round_to_even = 0xfff + ((magnitude >> 13) & 1);
  return static_cast<uint16_t>(sign | ((magnitude - 0x38000000 + round_to_even) >> 13));
}

uint16_t F32ToBF16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

void Dequantize(DType dtype, const std::byte* blocks, int64_t num_elements, float* out) {
  switch (dtype) {
    case DType::kF32:
      if (num_elements > 0) std::memcpy(out, blocks, static_cast<size_t>(num_elements) * 4);
      return;
    case DType::kF16:
      for (int64_t i = 0; i < num_elements; ++i) out[i] = F16ToF32(Load16(blocks + i * 2));
      return;
    case DType::kBF16:
      for (int64_t i = 0; i < num_elements; ++i) out[i] = BF16ToF32(Load16(blocks + i * 2));
      return;
    case DType::kQ8_0:
      return DecodeBlocks(dtype, blocks, num_elements, out, DecodeQ8_0);
    case DType::kQ4_0:
      return DecodeBlocks(dtype, blocks, num_elements, out, DecodeQ4_0);
    case DType::kQ4_1:
      return DecodeBlocks(dtype, blocks, num_elements, out, DecodeQ4_1);
  }
}

std::vector<float> DequantizeTensor(const TensorView& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.NumElements()));
  Dequantize(tensor.dtype, tensor.data, tensor.NumElements(), values.data());
  return values;
}

Status CheckFinite(const TensorView& tensor) {
  if (!AnyNonFinite(tensor)) return OkStatus();
  return DataLoss("tensor \"" + tensor.name + "\" holds infinite or NaN values; the file is " +
                  "damaged, fetch it again");
}

}  // namespace redline::engine
