// What a file's table of tensors says of the formats: exact counts of parameters and bytes in place
// of what a config.json lets one expect. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "planner/model/model_shape.h"

namespace redline::planner {

struct StoredTensor {
  std::string name;            // Hugging Face's: "model.layers.0.self_attn.q_proj.weight"
  std::vector<int64_t> shape;  // outermost first
  NumberFormat format;
};

// The shape with the format of every tensor; layers whose formats differ become different groups.
// For layers with grouped-query attention and a dense FFN: kUnimplemented for others, and for a
// layer in which tensors that are counted together (its two norms) differ. kDataLoss naming a
// tensor that is missing, occurs twice or has another size, kInvalidArgument for one that is not
// part of the model.
Result<ModelShape> WithStoredTensors(const ModelShape& shape,
                                     std::span<const StoredTensor> tensors);

}  // namespace redline::planner
