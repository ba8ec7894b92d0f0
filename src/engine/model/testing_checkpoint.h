// A small random model in memory, and sequences run on it: for tests and benchmarks.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/kernels/testing_data.h"
#include "engine/model/model.h"

namespace redline::engine {

class TestingCheckpoint final : public Checkpoint {
 public:
  // Matrices in `dtype`, norms and biases in f32.
  TestingCheckpoint(ModelConfig config, DType dtype, uint32_t seed = 1)
      : config_(std::move(config)), random_(seed) {
    const int64_t hidden = config_.hidden_size;
    const int64_t q_size = config_.num_attention_heads * config_.head_dim;
    const int64_t kv_size = config_.num_key_value_heads * config_.head_dim;
    AddMatrix("model.embed_tokens.weight", config_.vocab_size, hidden, dtype);
    if (!config_.tie_word_embeddings)
      AddMatrix("lm_head.weight", config_.vocab_size, hidden, dtype);
    AddVector("model.norm.weight", hidden);
    for (int64_t layer = 0; layer < config_.num_hidden_layers; ++layer) {
      const std::string prefix = "model.layers." + std::to_string(layer) + ".";
      AddProjection(prefix + "self_attn.q_proj", q_size, hidden, dtype, config_.attention_bias);
      AddProjection(prefix + "self_attn.k_proj", kv_size, hidden, dtype, config_.attention_bias);
      AddProjection(prefix + "self_attn.v_proj", kv_size, hidden, dtype, config_.attention_bias);
      AddMatrix(prefix + "self_attn.o_proj.weight", hidden, q_size, dtype);
      if (config_.qk_norm) {
        AddVector(prefix + "self_attn.q_norm.weight", config_.head_dim);
        AddVector(prefix + "self_attn.k_norm.weight", config_.head_dim);
      }
      AddVector(prefix + "input_layernorm.weight", hidden);
      AddVector(prefix + "post_attention_layernorm.weight", hidden);
      AddMatrix(prefix + "mlp.gate_proj.weight", config_.intermediate_size, hidden, dtype);
      AddMatrix(prefix + "mlp.up_proj.weight", config_.intermediate_size, hidden, dtype);
      AddMatrix(prefix + "mlp.down_proj.weight", hidden, config_.intermediate_size, dtype);
    }
  }

  // Named as the architecture's own files name them; all dimensions are multiples of 32.
  static ModelConfig SmallConfig() {
    ModelConfig config;
    config.architecture = "llama";
    config.model_type = "llama";
    config.hidden_size = 96;
    config.intermediate_size = 160;
    config.num_hidden_layers = 3;
    config.num_attention_heads = 6;
    config.num_key_value_heads = 2;
    config.head_dim = 32;
    config.vocab_size = 130;
    config.max_position_embeddings = 4096;
    return config;
  }

  void Remove(const std::string& name) { tensors_.erase(name); }
  void Reshape(const std::string& name, std::vector<int64_t> shape) {
    tensors_.at(name).view.shape = std::move(shape);
  }

  const ModelConfig& config() const override { return config_; }
  const TensorView* Find(std::string_view name) const override {
    const auto found = tensors_.find(std::string(name));
    return found == tensors_.end() ? nullptr : &found->second.view;
  }
  std::vector<const TensorView*> AllTensors() const override { return {}; }
  Result<std::unique_ptr<text::Tokenizer>> MakeTokenizer() const override {
    return Unimplemented("a random model has no tokenizer");
  }
  const std::string& chat_template() const override { return empty_; }
  const std::string& bos_token() const override { return empty_; }
  const std::string& eos_token() const override { return empty_; }
  int64_t WeightBytes() const override { return 0; }
  Status CheckIntact() const override { return OkStatus(); }

 private:
  struct Tensor {
    std::vector<std::byte> bytes;
    TensorView view;
  };

  void Add(const std::string& name, std::vector<int64_t> shape, DType dtype, float deviation) {
    Tensor& tensor = tensors_[name];
    tensor.view.shape = shape;
    tensor.bytes = RandomWeights(dtype, tensor.view.NumElements(), random_, deviation);
    tensor.view = ViewOf(tensor.bytes, dtype, std::move(shape), name);
  }
  void AddMatrix(const std::string& name, int64_t out_features, int64_t in_features, DType dtype) {
    Add(name, {out_features, in_features}, dtype, 0.15f);
  }
  void AddProjection(const std::string& name, int64_t out_features, int64_t in_features,
                     DType dtype, bool bias) {
    AddMatrix(name + ".weight", out_features, in_features, dtype);
    if (bias) AddVector(name + ".bias", out_features);
  }
  void AddVector(const std::string& name, int64_t size) { Add(name, {size}, DType::kF32, 1); }

  const ModelConfig config_;
  std::mt19937 random_;
  std::map<std::string, Tensor> tensors_;
  const std::string empty_;
};

// One sequence with pages of its own, run alone or as a slice of a larger batch.
class TestingSequence {
 public:
  // Takes the pages [first_page, ...) that `max_tokens` positions need, in descending order.
  TestingSequence(const KvCache& kv, int64_t first_page, int64_t max_tokens) {
    const int64_t num_pages = (max_tokens + kv.page_size() - 1) / kv.page_size();
    for (int64_t i = num_pages - 1; i >= 0; --i)
      pages_.push_back(static_cast<PageId>(static_cast<int32_t>(first_page + i)));
  }

  // The next tokens of the sequence as a slice; they count as computed from here on.
  SequenceSlice Next(std::span<const TokenId> tokens, int64_t num_logits = 1) {
    const int64_t context_len = length_;
    length_ += static_cast<int64_t>(tokens.size());
    return {tokens, context_len, pages_, num_logits};
  }

  // Feeds `tokens` alone, in chunks; the logits after the last one.
  std::vector<float> Feed(Model& model, KvCache& kv, std::span<const TokenId> tokens,
                          size_t chunk_size) {
    std::vector<float> logits(static_cast<size_t>(model.config().vocab_size));
    while (!tokens.empty()) {
      const std::span<const TokenId> chunk = tokens.first(std::min(chunk_size, tokens.size()));
      tokens = tokens.subspan(chunk.size());
      Batch batch;
      batch.slices.push_back(Next(chunk, tokens.empty()));
      model.Forward(batch, kv, logits);
    }
    return logits;
  }

 private:
  std::vector<PageId> pages_;
  int64_t length_ = 0;
};

}  // namespace redline::engine
