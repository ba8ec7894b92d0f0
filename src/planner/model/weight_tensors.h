// The weight tensors that a shape stands for: their sizes, what a checkpoint quantises of them, and
// how engines divide them among ranks. Everything that counts or weighs a model walks this list.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "planner/model/model_shape.h"

namespace redline::planner {

enum class TensorClass {
  kEmbedding,
  kHead,
  kNorms,
  kAttention,
  kIndexer,
  kLinearAttention,
  kDenseFfn,
  kRouter,
  kRoutedExperts,
  kSharedExperts,
  kPrediction,  // all of the layers for multi-token prediction
  kCount,
};
constexpr int kNumTensorClasses = static_cast<int>(TensorClass::kCount);

std::string_view NameOf(TensorClass tensor_class);  // "routed_experts"

// What divides a tensor among the ranks of an engine.
enum class Division {
  kNone,       // whole on every rank
  kAttention,  // by the ranks that share an attention
  kKvHeads,    // by the same, but at least one head a rank: it is stored more than once
  kDenseFfn,
  kSharedExperts,
  kExperts,  // experts by expert parallelism, each of them by its tensor parallelism
  kEmbedding,
  kHead,
};

struct WeightTensor {
  TensorClass tensor_class = TensorClass::kNorms;
  Module module = Module::kNone;  // kNone: never quantised
  int64_t rows = 0;               // outputs
  int64_t columns = 1;            // inputs; 1: a vector
  int64_t count = 1;              // of them, all alike: the experts
  Division division = Division::kNone;
  bool divides_rows = true;  // else the columns
  int64_t units = 1;         // heads or channels in that dimension, which stay whole
  bool is_float32 = false;   // whatever the checkpoint's type is
  // As a file's header tells; null: the checkpoint's WeightFormat holds.
  std::optional<NumberFormat> stored;
};

// Of one layer of the group.
std::vector<WeightTensor> TensorsOfLayer(int64_t hidden_size, const LayerGroup& group);

// Of one layer for multi-token prediction, without the copies of embedding and head that some
// checkpoints hold and no engine loads.
std::vector<WeightTensor> TensorsOfPredictionLayer(int64_t hidden_size, const LayerGroup& group);

WeightTensor EmbeddingOf(const ModelShape& shape);
WeightTensor HeadOf(const ModelShape& shape);  // also of a model whose head is its embedding
WeightTensor FinalNormOf(const ModelShape& shape);

}  // namespace redline::planner
