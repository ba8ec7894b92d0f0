// Which kernels a model runs, at which sizes: what there is to measure. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {

// Weights that are applied to the same input at once: q, k and v; gate and up.
struct LinearShape {
  std::string name;  // "qkv", "attention_out", "gate_up", "down", "lm_head"
  int64_t in_features = 0;
  std::vector<int64_t> out_features;  // of each part
  std::vector<DType> dtypes;
  int64_t count = 0;  // how often a forward pass runs it; 0: the model has none of this format

  bool operator==(const LinearShape&) const = default;
  // "q4_1", "q4_1+f32" where parts differ.
  std::string FormatName() const;
};

struct ModelShapes {
  std::string name;
  ModelConfig config;
  std::vector<LinearShape> linears;  // no two alike but for `count`
};

// Layers that are alike are one entry.
ModelShapes ShapesOf(const Checkpoint& checkpoint, std::string name);

// SmolLM2-135M's dimensions, its weights in `dtype`: what is measured where no model is named.
ModelShapes DefaultShapes(DType dtype);

// The same linears with every weight in `dtype`; inputs are rounded up to whole blocks.
std::vector<LinearShape> InFormat(const std::vector<LinearShape>& linears, DType dtype);

}  // namespace redline::engine
