// The JSON files of a Hugging Face model directory, from an opened GGUF.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {

struct HfTextFile {
  std::string name;
  std::string text;
};

// config.json alone, from what a header says; without the token that fills up batches.
Result<std::string> MakeHfConfig(const ModelConfig& config, DType dtype);

// config.json and generation_config.json; with a vocabulary, tokenizer.json and
// tokenizer_config.json. kUnimplemented for a tokenizer that this engine does not have.
Result<std::vector<HfTextFile>> MakeHfTextFiles(const Checkpoint& checkpoint, DType dtype);

}  // namespace redline::engine
