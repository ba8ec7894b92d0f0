#include "engine/model/weight_binder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "engine/weights/dequantize.h"

namespace redline::engine {
namespace {

constexpr int64_t kCacheLine = 64;

}  // namespace

Result<const TensorView*> WeightBinder::Find(const std::string& name,
                                             std::vector<int64_t> shape) const {
  const TensorView* tensor = checkpoint_.Find(name);
  if (tensor == nullptr)
    return DataLoss(fmt::format("tensor \"{}\" is missing from the model's files", name));
  if (tensor->shape != shape) {
    return DataLoss(
        fmt::format("tensor \"{}\" has shape [{}]; the model's configuration needs [{}]", name,
                    fmt::join(tensor->shape, ", "), fmt::join(shape, ", ")));
  }
  if (shape.back() % InfoOf(tensor->dtype).block_elements != 0) {
    return DataLoss(fmt::format("tensor \"{}\": rows of {} elements cannot be {}", name,
                                shape.back(), InfoOf(tensor->dtype).name));
  }
  return tensor;
}

Status WeightBinder::BindLinear(const std::string& name, int64_t out_features, int64_t in_features,
                                Linear* linear) {
  RL_ASSIGN_OR_RETURN(const TensorView* tensor,
                      Find(name + ".weight", {out_features, in_features}));
  MatmulPart part;
  part.weight = PackedShape(tensor->dtype, out_features, in_features);
  part.out_column = linear->out_features;
  matrices_.push_back({tensor, linear, linear->parts.size(), Reserve(PackedBytes(part.weight))});
  linear->parts.push_back(part);
  linear->out_features += out_features;
  return OkStatus();
}

Status WeightBinder::BindBias(const std::string& name, Linear* linear) {
  const int64_t size = linear->parts.back().weight.out_features;
  RL_ASSIGN_OR_RETURN(const TensorView* tensor, Find(name + ".bias", {size}));
  vectors_.push_back(
      {tensor, nullptr, linear, linear->parts.size() - 1, Reserve(BytesOf(DType::kF32, size))});
  return OkStatus();
}

Status WeightBinder::BindVector(const std::string& name, int64_t size, const float** slot) {
  RL_ASSIGN_OR_RETURN(const TensorView* tensor, Find(name, {size}));
  vectors_.push_back({tensor, slot, nullptr, 0, Reserve(BytesOf(DType::kF32, size))});
  return OkStatus();
}

int64_t WeightBinder::Reserve(int64_t num_bytes) {
  const int64_t offset = num_bytes_;
  num_bytes_ += (num_bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
  return offset;
}

void WeightBinder::Load(ThreadPool& pool, std::byte* memory) {
  for (const MatrixSlot& matrix : matrices_) {
    PackedMatrix& packed = matrix.linear->parts[matrix.part].weight;
    std::byte* out = memory + matrix.offset;
    pool.Run(packed.NumPanels(),
             [&](int64_t panel) { PackPanel(*matrix.tensor, packed, panel, out); });
    packed.data = out;
  }
  for (const VectorSlot& vector : vectors_) {
    float* out = reinterpret_cast<float*>(memory + vector.offset);
    Dequantize(vector.tensor->dtype, vector.tensor->data, vector.tensor->NumElements(), out);
    const float*& slot =
        vector.slot != nullptr ? *vector.slot : vector.linear->parts[vector.part].bias;
    slot = out;
  }
}

}  // namespace redline::engine
