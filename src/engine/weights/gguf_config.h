// What a GGUF header says of the model and its vocabulary.
#pragma once

#include <optional>

#include "base/status.h"
#include "engine/weights/checkpoint.h"
#include "engine/weights/gguf_reader.h"
#include "text/tokenizer.h"

namespace redline::engine {

// Architectures "llama", "qwen2" and "qwen3". kUnimplemented naming the key for anything this
// engine would compute differently: other architectures, experts, sliding windows, partial rotary,
// other RoPE scalings, split files. The result has passed CheckConfig.
Result<ModelConfig> ConfigFromGguf(const GgufFile& gguf);

// nullopt: the file has no tokenizer.
Result<std::optional<text::GgufVocabulary>> VocabularyFromGguf(const GgufFile& gguf);

// RoPE's frequency divisors (Llama 3), consumed by ConfigFromGguf; no tensor of the model proper.
inline constexpr std::string_view kGgufRopeFreqs = "rope_freqs.weight";
// The model's own tensors, under the file's names.
std::vector<TensorView> GgufWeights(const GgufFile& gguf);

}  // namespace redline::engine
