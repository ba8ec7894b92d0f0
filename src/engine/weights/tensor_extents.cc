#include "engine/weights/tensor_extents.h"

#include <algorithm>

#include "base/strings.h"

namespace redline::engine {
namespace {

constexpr int64_t kMaxElements = int64_t{1} << 60;  // times 4 bytes stays below 2^62

std::string Quoted(std::string_view name) { return "tensor \"" + Excerpt(name) + "\""; }

}  // namespace

Result<int64_t> CheckedTensorBytes(std::string_view name, DType dtype,
                                   std::span<const int64_t> shape) {
  int64_t elements = 1;
  for (const int64_t extent : shape) {
    if (extent < 1 || extent > kMaxElements / elements)
      return DataLoss(Quoted(name) + " has the impossible shape " + ShapeText(shape));
    elements *= extent;
  }
  const int64_t block = InfoOf(dtype).block_elements;
  const int64_t row = shape.empty() ? 1 : shape.back();
  if (row % block != 0)
    return DataLoss(Quoted(name) + " has rows of " + std::to_string(row) + " elements; " +
                    std::string(InfoOf(dtype).name) + " needs a multiple of " +
                    std::to_string(block));
  return BytesOf(dtype, elements);
}

Status CheckNoOverlap(std::vector<TensorExtent> extents) {
  std::sort(extents.begin(), extents.end(),
            [](const TensorExtent& a, const TensorExtent& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < extents.size(); ++i) {
    const TensorExtent& before = extents[i - 1];
    if (extents[i].begin - before.begin < before.num_bytes)
      return DataLoss(Quoted(before.name) + " and " + Quoted(extents[i].name) +
                      " overlap in the file");
  }
  return OkStatus();
}

std::string ShapeText(std::span<const int64_t> shape) {
  std::vector<std::string> extents;
  for (const int64_t extent : shape) extents.push_back(std::to_string(extent));
  return "[" + Join(extents, ", ") + "]";
}

}  // namespace redline::engine
