// What a GGUF's header says of the model: dimensions and tensors, without reading any weight.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {

struct GgufHeader {
  struct Tensor {
    std::string name;  // canonical: Hugging Face's
    DType dtype = DType::kF32;
    std::vector<int64_t> shape;  // outermost first
  };
  ModelConfig config;
  std::vector<Tensor> tensors;  // all that the configuration asks for, no more
};

// Errors: as OpenCheckpoint's for a GGUF.
Result<GgufHeader> ReadGgufHeader(const std::filesystem::path& path);

}  // namespace redline::engine
