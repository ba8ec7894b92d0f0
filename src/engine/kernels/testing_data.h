// Random inputs for tests and benchmarks of kernels and models.
#pragma once

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "engine/weights/dequantize.h"

namespace redline::engine {

inline std::vector<float> RandomFloats(int64_t count, std::mt19937& random, float deviation = 1) {
  std::normal_distribution<float> distribution(0, deviation);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = distribution(random);
  return values;
}

inline int64_t RandomInt(int64_t first, int64_t last, std::mt19937& random) {
  return std::uniform_int_distribution<int64_t>(first, last)(random);
}

// The scale and the minimum of a random block, such that its values are around zero and of about
// the given deviation.
inline void PutScales(const DTypeInfo& info, float deviation, std::mt19937& random,
                      std::byte* block) {
  const auto put16 = [&](int64_t at, float value) {
    const uint16_t bits = F32ToF16(value);
    std::memcpy(block + at, &bits, sizeof(bits));
  };
  const float largest_quant = static_cast<float>(1 << (info.bits - 1));
  const float sub_scale = !info.HasSubBlocks() ? 1.0f : info.HasMinimum() ? 32.0f : 64.0f;
  const float scale = std::uniform_real_distribution<float>(0.5f, 1)(random) * 2 * deviation /
                      largest_quant / sub_scale;
  put16(info.scale_at, scale);
  if (info.HasMinimum())
    put16(info.minimum_at, (info.HasSubBlocks() ? 1.0f : -1.0f) * largest_quant * scale);
}

// Bytes of `count` elements (a multiple of the block) of about the given deviation.
inline std::vector<std::byte> RandomWeights(DType dtype, int64_t count, std::mt19937& random,
                                            float deviation = 1) {
  const DTypeInfo& info = InfoOf(dtype);
  std::vector<std::byte> bytes(static_cast<size_t>(BytesOf(dtype, count)));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 255);
  std::normal_distribution<float> normal(0, deviation);
  for (int64_t i = 0; i < count; i += info.block_elements) {
    std::byte* block = bytes.data() + i / info.block_elements * info.block_bytes;
    if (info.IsQuantized()) {
      PutScales(info, deviation, random, block);
      continue;
    }
    const float value = normal(random);
    const uint16_t half = dtype == DType::kF16 ? F32ToF16(value) : F32ToBF16(value);
    dtype == DType::kF32 ? std::memcpy(block, &value, sizeof(value))
                         : std::memcpy(block, &half, sizeof(half));
  }
  return bytes;
}

inline TensorView ViewOf(const std::vector<std::byte>& bytes, DType dtype,
                         std::vector<int64_t> shape, std::string name = {}) {
  return {.name = std::move(name),
          .dtype = dtype,
          .shape = std::move(shape),
          .data = bytes.data(),
          .num_bytes = static_cast<int64_t>(bytes.size())};
}

inline std::vector<DType> AllDTypes() {
  std::vector<DType> dtypes;
  for (size_t i = 0; i < kNumDTypes; ++i) dtypes.push_back(static_cast<DType>(i));
  return dtypes;
}

}  // namespace redline::engine
