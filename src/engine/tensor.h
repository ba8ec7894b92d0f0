// Element types and tensor views shared by the engine's rooms.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redline::engine {

using TokenId = int32_t;

// Element or block format.
enum class DType : uint8_t {
  kF32,
  kF16,
  kBF16,
  kQ8_0,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ4_K,
  kQ5_K,
  kQ6_K,
};

// What a format is made of. Quantised formats are GGML's: blocks of consecutive elements of a row,
// each element an integer q of a few bits, with an f16 scale, and in some an f16 minimum, for the
// block:
//   value = scale * (q - offset) [+ minimum]
// In the K formats a block is cut into sub-blocks with integers of their own, s and m:
//   value = (scale * s) * (q - offset) [- minimum * m]
struct DTypeInfo {
  std::string_view name;       // "f32", "q4_1"
  int64_t block_elements = 1;  // 1 for plain types
  int64_t block_bytes = 0;
  // The rest is of quantised formats only.
  int bits = 0;  // of a q; 8 bits are signed
  int offset = 0;
  int64_t sub_block_elements = 0;  // those that share a scale
  int64_t scale_at = 0;            // byte offsets in the block
  int64_t minimum_at = -1;         // -1: no minimum

  constexpr bool IsQuantized() const { return bits != 0; }
  constexpr bool HasMinimum() const { return minimum_at >= 0; }
  constexpr bool HasSubBlocks() const { return sub_block_elements != block_elements; }
};

// In the order of DType.
inline constexpr std::array kDTypes = {
    DTypeInfo{.name = "f32", .block_bytes = 4},
    DTypeInfo{.name = "f16", .block_bytes = 2},
    DTypeInfo{.name = "bf16", .block_bytes = 2},
    DTypeInfo{.name = "q8_0",
              .block_elements = 32,
              .block_bytes = 34,
              .bits = 8,
              .sub_block_elements = 32},
    DTypeInfo{.name = "q4_0",
              .block_elements = 32,
              .block_bytes = 18,
              .bits = 4,
              .offset = 8,
              .sub_block_elements = 32},
    DTypeInfo{.name = "q4_1",
              .block_elements = 32,
              .block_bytes = 20,
              .bits = 4,
              .sub_block_elements = 32,
              .minimum_at = 2},
    DTypeInfo{.name = "q5_0",
              .block_elements = 32,
              .block_bytes = 22,
              .bits = 5,
              .offset = 16,
              .sub_block_elements = 32},
    DTypeInfo{.name = "q5_1",
              .block_elements = 32,
              .block_bytes = 24,
              .bits = 5,
              .sub_block_elements = 32,
              .minimum_at = 2},
    DTypeInfo{.name = "q4_k",
              .block_elements = 256,
              .block_bytes = 144,
              .bits = 4,
              .sub_block_elements = 32,
              .minimum_at = 2},
    DTypeInfo{.name = "q5_k",
              .block_elements = 256,
              .block_bytes = 176,
              .bits = 5,
              .sub_block_elements = 32,
              .minimum_at = 2},
    DTypeInfo{.name = "q6_k",
              .block_elements = 256,
              .block_bytes = 210,
              .bits = 6,
              .offset = 32,
              .sub_block_elements = 16,
              .scale_at = 208},
};
inline constexpr size_t kNumDTypes = kDTypes.size();

constexpr const DTypeInfo& InfoOf(DType dtype) { return kDTypes[static_cast<size_t>(dtype)]; }

// Bytes of `num_elements` (a multiple of the block) of this type.
inline int64_t BytesOf(DType dtype, int64_t num_elements) {
  const DTypeInfo& info = InfoOf(dtype);
  return num_elements / info.block_elements * info.block_bytes;
}

// A read-only tensor in memory someone else owns (a mapped file). Row-major; shape is outermost
// first, as in PyTorch: a linear layer's weight is {out_features, in_features}.
struct TensorView {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;
  int64_t num_bytes = 0;

  int64_t NumElements() const {
    int64_t count = 1;
    for (const int64_t extent : shape) count *= extent;
    return count;
  }
};

}  // namespace redline::engine
