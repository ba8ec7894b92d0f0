// From a checkpoint's tensors to the weights a model's forward pass reads.
//
// A model first binds every weight it has (name and shape are checked, nothing is allocated), then
// knows Bytes(), then loads: matrices are packed for the kernels, vectors become f32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/kernels/matmul/matmul.h"
#include "engine/kernels/thread_pool.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {

// One or several weights applied to the same input, their outputs side by side.
struct Linear {
  std::vector<MatmulPart> parts;
  int64_t out_features = 0;
};

// Used by one thread. The slots given to it must stay where they are until Load returned.
class WeightBinder {
 public:
  explicit WeightBinder(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  // The Bind functions fail with kDataLoss when a tensor is missing or has another shape (says
  // both).
  //
  // Appends `name`.weight {out_features, in_features} to `linear`.
  Status BindLinear(const std::string& name, int64_t out_features, int64_t in_features,
                    Linear* linear);
  // The bias `name`.bias of the part that was bound last.
  Status BindBias(const std::string& name, Linear* linear);
  // `name` {size} as f32.
  Status BindVector(const std::string& name, int64_t size, const float** slot);

  // Bytes that Load fills.
  int64_t Bytes() const { return num_bytes_; }
  // Packs and converts everything into `memory` (zeros, aligned to a cache line) and fills the
  // slots.
  void Load(ThreadPool& pool, std::byte* memory);

 private:
  struct MatrixSlot {
    const TensorView* tensor;
    Linear* linear;
    size_t part;
    int64_t offset;
  };
  struct VectorSlot {
    const TensorView* tensor;
    const float** slot;  // either this
    Linear* linear;      // or the bias of this linear's part
    size_t part;
    int64_t offset;
  };

  Result<const TensorView*> Find(const std::string& name, std::vector<int64_t> shape) const;
  int64_t Reserve(int64_t num_bytes);

  const Checkpoint& checkpoint_;
  std::vector<MatrixSlot> matrices_;
  std::vector<VectorSlot> vectors_;
  int64_t num_bytes_ = 0;
};

}  // namespace redline::engine
