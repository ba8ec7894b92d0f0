// For tests: GGUF files of the tiny models in tests/reference, whose Hugging Face form is known.
#pragma once

#include <algorithm>
#include <fstream>

#include "engine/export/export.h"
#include "engine/weights/checkpoint.h"
#include "engine/weights/config_check.h"
#include "engine/weights/gguf_builder.h"
#include "engine/weights/tensor_names.h"
#include "engine/weights/test_files.h"

namespace redline::engine {

inline uint32_t GgmlTypeOf(DType dtype) {
  return dtype == DType::kF32 ? 0 : dtype == DType::kF16 ? 1 : 30;  // 30: bf16
}

// The tensor's bytes with, for llama's q and k, the rows of each head as the GGUF converter puts
// them: (half, index) becomes (index, half).
inline std::string GgufBytes(const TensorView& view, const ModelConfig& config) {
  const std::string bytes(reinterpret_cast<const char*>(view.data),
                          static_cast<size_t>(view.num_bytes));
  const bool moved = config.model_type == "llama" &&
                     (view.name.ends_with("q_proj.weight") || view.name.ends_with("k_proj.weight"));
  if (!moved) return bytes;
  const auto row_bytes = static_cast<size_t>(BytesOf(view.dtype, view.shape.back()));
  std::string out;
  for (int64_t head = 0; head < view.shape.front() / config.head_dim; ++head) {
    for (int64_t index = 0; index < config.head_dim / 2; ++index) {
      for (int64_t half = 0; half < 2; ++half) {
        const int64_t row = head * config.head_dim + half * config.head_dim / 2 + index;
        out += bytes.substr(static_cast<size_t>(row) * row_bytes, row_bytes);
      }
    }
  }
  return out;
}

// What llama.cpp's converter would make of an opened Hugging Face model without a tokenizer.
inline GgufBuilder GgufOf(const Checkpoint& model) {
  const ModelConfig& config = model.config();
  const std::string& arch = config.model_type;
  const auto count = [](int64_t value) { return static_cast<uint32_t>(value); };
  GgufBuilder gguf;
  gguf.String("general.architecture", arch)
      .Int(arch + ".embedding_length", count(config.hidden_size))
      .Int(arch + ".feed_forward_length", count(config.intermediate_size))
      .Int(arch + ".block_count", count(config.num_hidden_layers))
      .Int(arch + ".attention.head_count", count(config.num_attention_heads))
      .Int(arch + ".attention.head_count_kv", count(config.num_key_value_heads))
      .Int(arch + ".attention.key_length", count(config.head_dim))
      .Int(arch + ".attention.value_length", count(config.head_dim))
      .Int(arch + ".context_length", count(config.max_position_embeddings))
      .Float(arch + ".rope.freq_base", static_cast<float>(config.rope_theta))
      .Float(arch + ".attention.layer_norm_rms_epsilon", static_cast<float>(config.rms_norm_eps))
      .Int("tokenizer.ggml.bos_token_id", count(config.bos_token_id.value_or(1)))
      .Int("tokenizer.ggml.eos_token_id", count(config.eos_token_ids.front()));
  if (config.rope_scaling.kind == RopeScaling::Kind::kLinear)
    gguf.String(arch + ".rope.scaling.type", "linear")
        .Float(arch + ".rope.scaling.factor", static_cast<float>(config.rope_scaling.factor));
  for (const ExpectedTensor& expected : ExpectedTensors(config, NameStyle::kGguf)) {
    const TensorView& view = *model.Find(expected.canonical_name);
    const std::vector<uint64_t> dims(view.shape.rbegin(), view.shape.rend());
    gguf.Tensor(expected.file_name, dims, GgmlTypeOf(view.dtype), GgufBytes(view, config));
  }
  return gguf;
}

inline void WriteBytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::unique_ptr<Checkpoint> OpenTiny(const std::string& name) {
  return OpenCheckpoint("tests/reference/tiny/" + name).value();
}

// What an export left in a directory and beside it.
inline std::vector<std::string> NamesIn(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace redline::engine
