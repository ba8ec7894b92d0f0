#include "engine/weights/dequantize.h"

#include <algorithm>
#include <cstring>

namespace redline::engine {
namespace {

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
  const DTypeInfo& info = InfoOf(tensor.dtype);
  const int64_t num_blocks = tensor.NumElements() / info.block_elements;
  switch (tensor.dtype) {
    case DType::kF32:
      return AnyNonFinite32(tensor.data, num_blocks);
    case DType::kF16:
      return AnyNonFinite16(tensor.data, num_blocks, 2, kF16Exponent);
    case DType::kBF16:
      return AnyNonFinite16(tensor.data, num_blocks, 2, kBF16Exponent);
    default: {
      const auto any = [&](int64_t at) {
        return AnyNonFinite16(tensor.data + at, num_blocks, info.block_bytes, kF16Exponent);
      };
      return any(info.scale_at) || (info.HasMinimum() && any(info.minimum_at));
    }
  }
}

void DequantizeBlocks(DType dtype, const std::byte* from, int64_t num_elements, float* out) {
  const DTypeInfo& info = InfoOf(dtype);
  QuantBlock block;
  for (int64_t i = 0; i < num_elements; i += info.block_elements, from += info.block_bytes) {
    ReadQuantBlock(dtype, from, &block);
    DequantizeBlock(dtype, block, out + i);
  }
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

void DequantizeBlock(DType dtype, const QuantBlock& block, float* out) {
  const DTypeInfo& info = InfoOf(dtype);
  const auto num_elements = static_cast<size_t>(info.block_elements);
  const auto sub_elements = static_cast<size_t>(info.sub_block_elements);
  for (size_t begin = 0; begin < num_elements; begin += sub_elements) {
    const size_t sub_block = begin / sub_elements;
    float scale = F16ToF32(block.scale);
    float minimum = info.HasMinimum() ? F16ToF32(block.minimum) : 0;
    if (info.HasSubBlocks()) scale *= block.sub_scales[sub_block];
    if (info.HasSubBlocks() && info.HasMinimum())
      minimum = -(minimum * block.sub_minima[sub_block]);  // the sign of a zero matters
    for (size_t i = begin; i < begin + sub_elements; ++i) {
      out[i] = scale * static_cast<float>(block.quants[i] - info.offset);
      if (info.HasMinimum()) out[i] += minimum;
    }
  }
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
    default:
      return DequantizeBlocks(dtype, blocks, num_elements, out);
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
