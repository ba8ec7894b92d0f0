// A model's files, opened: configuration, tensors by name, tokenizer and chat template.
//
// Two kinds behind one interface: a GGUF file, or a Hugging Face directory (config.json,
// *.safetensors or model.safetensors.index.json, tokenizer.json, tokenizer_config.json,
// generation_config.json). Files are mapped read-only; every offset, count and size is validated
// before use, nothing is allocated in proportion to an unvalidated number, and a file cut short is
// refused at open (kDataLoss). Immutable after Open; usable from any thread.
//
// Tensor names and layouts are canonical: Hugging Face names
// ("model.layers.0.self_attn.q_proj.weight") and Hugging Face row order. GGUF names are mapped by a
// table; where GGUF stores llama's q_proj and k_proj rows permuted for interleaved RoPE,
// `rope_layout` says so and the model code chooses RoPE accordingly (no copy).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/tensor.h"
#include "text/tokenizer.h"

namespace redline::engine {

// How RoPE pairs the elements of a head of dimension d.
enum class RopeLayout {
  kHalfSplit,    // (i, i + d/2): Hugging Face weights, "neox"
  kInterleaved,  // (2i, 2i + 1): GGUF's permuted llama weights
};

// Llama-3 style frequency scaling (config.json rope_scaling, rope_type "llama3"), or linear.
struct RopeScaling {
  enum class Kind { kNone, kLinear, kLlama3 } kind = Kind::kNone;
  double factor = 1;
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  int64_t original_max_position_embeddings = 0;
};

// Architecture and dimensions under config.json's names. Validated: all counts positive and
// bounded, heads divide, sizes agree with the tensors.
struct ModelConfig {
  std::string architecture;  // "llama" (Llama, SmolLM2, Qwen2, Qwen3 dense: same graph by flags)
  std::string model_type;    // as the file says: "llama", "qwen2", "qwen3"
  int64_t hidden_size = 0;
  int64_t intermediate_size = 0;
  int64_t num_hidden_layers = 0;
  int64_t num_attention_heads = 0;
  int64_t num_key_value_heads = 0;
  int64_t head_dim = 0;
  int64_t vocab_size = 0;
  int64_t max_position_embeddings = 0;  // context length the model was made for
  double rms_norm_eps = 1e-5;
  double rope_theta = 10000;
  RopeScaling rope_scaling;
  RopeLayout rope_layout = RopeLayout::kHalfSplit;
  bool tie_word_embeddings = false;
  bool attention_bias = false;         // q, k, v projections have a bias (Qwen2)
  bool qk_norm = false;                // per-head RMSNorm of q and k (Qwen3)
  std::vector<TokenId> eos_token_ids;  // from generation_config.json / GGUF; may be several
  std::optional<TokenId> bos_token_id;
};

class Checkpoint {
 public:
  virtual ~Checkpoint() = default;
  virtual const ModelConfig& config() const = 0;
  // nullptr when there is no such tensor.
  virtual const TensorView* Find(std::string_view canonical_name) const = 0;
  virtual std::vector<const TensorView*> AllTensors() const = 0;
  // nullptr: the model has no tokenizer; it then serves token ids only.
  virtual Result<std::unique_ptr<text::Tokenizer>> MakeTokenizer() const = 0;
  // What the tokenizer is made of; nullptr when it comes from a tokenizer.json, or there is none.
  virtual const text::GgufVocabulary* vocabulary() const { return nullptr; }
  // Jinja source (tokenizer_config.json chat_template or chat_template.jinja, GGUF
  // tokenizer.chat_template); empty when the model has none.
  virtual const std::string& chat_template() const = 0;
  // Texts of the BOS and EOS tokens, for templates; empty when unknown.
  virtual const std::string& bos_token() const = 0;
  virtual const std::string& eos_token() const = 0;
  // Bytes of all tensors.
  virtual int64_t WeightBytes() const = 0;
  // kDataLoss when a file was cut short or written to since Open: what was read of its tensors may
  // be wrong (lost parts read as zeros, never a crash). Cheap; call it after reading the weights.
  virtual Status CheckIntact() const = 0;
  // What was read of the files no longer counts as this process's memory; it stays readable.
  virtual void ReleaseMemory() const {}
};

// The .gguf file or the Hugging Face directory that `path` names: a .gguf file, a directory with
// one .gguf in it, or a Hugging Face directory. kNotFound says what was looked for;
// kInvalidArgument when several would do.
Result<std::filesystem::path> FindModelFiles(const std::filesystem::path& path);

// `path`: as FindModelFiles takes it.
// Errors: kNotFound (no model there: says what was looked for), kDataLoss (damaged or cut short),
// kUnimplemented (architecture or tensor type this engine does not have: named, with those it has).
Result<std::unique_ptr<Checkpoint>> OpenCheckpoint(const std::filesystem::path& path);

}  // namespace redline::engine
