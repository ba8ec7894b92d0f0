// Checks on tensors that a file describes, shared by the formats. Nothing here trusts its input.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/tensor.h"

namespace redline::engine {

// Where a tensor's bytes lie in its file's data section.
struct TensorExtent {
  std::string_view name;
  uint64_t begin = 0;
  uint64_t num_bytes = 0;
};

// Bytes of a tensor of this shape. Refuses (kDataLoss, naming the tensor) extents below 1, products
// over 2^62 and rows that are not whole blocks.
Result<int64_t> CheckedTensorBytes(std::string_view name, DType dtype,
                                   std::span<const int64_t> shape);
// kDataLoss naming two tensors that share bytes.
Status CheckNoOverlap(std::vector<TensorExtent> extents);
// "[512, 64]".
std::string ShapeText(std::span<const int64_t> shape);

}  // namespace redline::engine
