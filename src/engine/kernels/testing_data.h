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

// Bytes of `count` elements (a multiple of the block) of about the given deviation.
inline std::vector<std::byte> RandomWeights(DType dtype, int64_t count, std::mt19937& random,
                                            float deviation = 1) {
  const DTypeInfo& info = InfoOf(dtype);
  std::vector<std::byte> bytes(static_cast<size_t>(BytesOf(dtype, count)));
  const auto put16 = [](std::byte* to, uint16_t bits) { std::memcpy(to, &bits, sizeof(bits)); };
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 255);
  std::normal_distribution<float> normal(0, deviation);
  std::uniform_real_distribution<float> scales(0.5f, 1);
  const float largest_quant = dtype == DType::kQ8_0 ? 127.0f : 8.0f;
  for (int64_t i = 0; i < count; i += info.block_elements) {
    std::byte* block = bytes.data() + i / info.block_elements * info.block_bytes;
    const float value = normal(random);
    const float scale = scales(random) * 2 * deviation / largest_quant;
    switch (dtype) {
      case DType::kF32:
        std::memcpy(block, &value, sizeof(value));
        break;
      case DType::kF16:
        put16(block, F32ToF16(value));
        break;
      case DType::kBF16:
        put16(block, F32ToBF16(value));
        break;
      case DType::kQ8_0:
      case DType::kQ4_0:
        put16(block, F32ToF16(scale));
        break;
      case DType::kQ4_1:
        put16(block, F32ToF16(scale));
        put16(block + 2, F32ToF16(-8 * scale));
        break;
    }
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

inline constexpr DType kAllDTypes[] = {DType::kF32,  DType::kF16,  DType::kBF16,
                                       DType::kQ8_0, DType::kQ4_0, DType::kQ4_1};

}  // namespace redline::engine
