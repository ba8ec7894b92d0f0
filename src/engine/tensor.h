// Element types and tensor views shared by the engine's rooms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redline::engine {

using TokenId = int32_t;

// Element or block format. Quantised formats are GGML's: blocks of 32 consecutive elements of a
// row.
//   Q8_0: f16 scale, 32 x int8                      value = scale * q
//   Q4_0: f16 scale, 16 bytes (low nibbles = elements 0..15, high = 16..31)  scale * (q - 8)
//   Q4_1: f16 scale, f16 minimum, 16 bytes as above                          scale * q + minimum
enum class DType : uint8_t { kF32, kF16, kBF16, kQ8_0, kQ4_0, kQ4_1 };

struct DTypeInfo {
  std::string_view name;   // "f32", "q4_1"
  int64_t block_elements;  // 1 for plain types
  int64_t block_bytes;
};
const DTypeInfo& InfoOf(DType dtype);

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
