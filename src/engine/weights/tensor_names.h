// The tensors a model of the llama family consists of: their names in each format, their shapes and
// when they are there. One table drives name mapping, completeness and shape checks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/tensor.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {

enum class NameStyle { kHuggingFace, kGguf };

struct ExpectedTensor {
  std::string canonical_name;  // Hugging Face's
  std::string file_name;       // in the asked style
  std::vector<int64_t> shape;
};

// Every tensor a model of this configuration must have, no more.
std::vector<ExpectedTensor> ExpectedTensors(const ModelConfig& config, NameStyle style);

// Picks the expected tensors from a file's, renamed to canonical names. kDataLoss naming a tensor
// that is missing or has another shape; kUnimplemented naming one this architecture does not use
// (its meaning would otherwise be lost silently). Buffers that hold nothing to load are skipped.
Result<std::vector<TensorView>> SelectTensors(const ModelConfig& config, NameStyle style,
                                              const std::vector<TensorView>& file_tensors);

}  // namespace redline::engine
