// How many parameters and bytes a model has, by class of tensor.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"
#include "planner/model/model_shape.h"
#include "planner/model/weight_tensors.h"

namespace redline::planner {

class ByTensorClass {
 public:
  int64_t& operator[](TensorClass tensor_class) {
    return values_[static_cast<size_t>(tensor_class)];
  }
  int64_t operator[](TensorClass tensor_class) const {
    return values_[static_cast<size_t>(tensor_class)];
  }
  int64_t Total() const;
  bool operator==(const ByTensorClass&) const = default;

 private:
  std::array<int64_t, kNumTensorClasses> values_{};
};

// The model's and its prediction layers'; of a head that is the embedding, once.
ByTensorClass ParametersOf(const ModelShape& shape);
// As the checkpoint stores them, scales included; file headers are not.
ByTensorClass BytesOf(const ModelShape& shape);
// The same by the names of the formats ("q4_1").
std::map<std::string, int64_t> BytesByFormat(const ModelShape& shape);
// The numbers stored as scales, which the hubs' totals count as parameters.
int64_t ScalesOf(const ModelShape& shape);

// What one token is multiplied with: all but the experts that were not chosen, the prediction
// layers, and the embedding, of which it reads a row.
int64_t ActiveParametersOf(const ModelShape& shape);

// Copies of embedding and head beside the prediction layers. Some checkpoints hold them
// (DeepSeek-V3, GLM-4.5), some do not (GLM-4.6, GLM-5); config.json does not tell, no engine loads
// them, and nothing above counts them.
int64_t CopiedParametersOf(const ModelShape& shape);

// One tensor of a layer of the group, all `count` of it, as the checkpoint stores it.
int64_t BytesOfTensor(const WeightFormat& format, ModuleSet unquantized,
                      const WeightTensor& tensor);
// The type of its numbers.
NumberFormat FormatOfTensor(const WeightFormat& format, ModuleSet unquantized,
                            const WeightTensor& tensor);

// kInvalidArgument when a matrix or the model is larger than anything could hold: below that, no
// sum of bytes overflows.
Status CheckSize(const ModelShape& shape);

}  // namespace redline::planner
