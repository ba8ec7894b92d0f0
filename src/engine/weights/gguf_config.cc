#include "engine/weights/gguf_config.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"
#include "engine/weights/config_check.h"
#include "engine/weights/dequantize.h"
#include "engine/weights/tensor_extents.h"

namespace redline::engine {
namespace {

struct Architecture {
  std::string_view name;
  RopeLayout
      rope_layout;  // llama's q and k rows are permuted by the converter, the others' are not
  bool attention_bias;
  bool qk_norm;
};

constexpr Architecture kArchitectures[] = {
    {"llama", RopeLayout::kInterleaved, false, false},
    {"qwen2", RopeLayout::kHalfSplit, true, false},
    {"qwen3", RopeLayout::kHalfSplit, false, true},
};

// Keys (after "ARCH.") whose presence with a non-zero value changes the computation in a way this
// engine does not implement.
constexpr std::string_view kRefusedCounts[] = {
    "expert_count",         "expert_used_count",         "attention.sliding_window",
    "attention.chunk_size", "leading_dense_block_count", "nextn_predict_layers",
};
constexpr std::string_view kRefusedFactors[] = {
    "attention.scale",        "attention.clamp_kqv",     "attention.max_alibi_bias",
    "attn_logit_softcapping", "final_logit_softcapping", "logit_scale",
    "residual_scale",         "embedding_scale",         "rope.scaling.attn_factor",
};

// Reads "ARCH.name" keys; remembers nothing.
class ArchKeys {
 public:
  ArchKeys(const GgufFile& gguf, std::string_view architecture)
      : gguf_(gguf), prefix_(std::string(architecture) + ".") {}

  Result<int64_t> Count(std::string_view name) const {
    RL_ASSIGN_OR_RETURN(const auto value, gguf_.Int(Key(name)));
    if (!value) return DataLoss("key \"" + Key(name) + "\" is missing");
    return *value;
  }
  Result<int64_t> CountOr(std::string_view name, int64_t fallback) const {
    RL_ASSIGN_OR_RETURN(const auto value, gguf_.Int(Key(name)));
    return value.value_or(fallback);
  }
  Result<double> FloatOr(std::string_view name, double fallback) const {
    RL_ASSIGN_OR_RETURN(const auto value, gguf_.Float(Key(name)));
    return value.value_or(fallback);
  }
  Result<std::optional<std::string>> String(std::string_view name) const {
    return gguf_.String(Key(name));
  }
  std::string Key(std::string_view name) const { return prefix_ + std::string(name); }

 private:
  const GgufFile& gguf_;
  std::string prefix_;
};

const TensorView* FindTensor(const GgufFile& gguf, std::string_view name) {
  const auto found = std::find_if(gguf.tensors().begin(), gguf.tensors().end(),
                                  [&](const TensorView& view) { return view.name == name; });
  return found == gguf.tensors().end() ? nullptr : &*found;
}

Result<Architecture> FindArchitecture(const GgufFile& gguf) {
  RL_ASSIGN_OR_RETURN(const auto name, gguf.String("general.architecture"));
  if (!name) return DataLoss("key \"general.architecture\" is missing");
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.name == *name) return architecture;
  }
  return Unimplemented("GGUF architecture \"" + Excerpt(*name) +
                           "\" is not supported; this engine has llama, qwen2 and qwen3",
                       "general.architecture");
}

Status RefuseUnsupported(const GgufFile& gguf, const ArchKeys& keys) {
  RL_ASSIGN_OR_RETURN(const auto splits, gguf.Int("split.count"));
  if (splits.value_or(1) > 1)
    return Unimplemented("this is one part of a split GGUF model; merge it first", "split.count");
  for (const std::string_view name : kRefusedCounts) {
    RL_ASSIGN_OR_RETURN(const int64_t value, keys.CountOr(name, 0));
    if (value != 0) return Unimplemented(keys.Key(name) + " is not supported", keys.Key(name));
  }
  for (const std::string_view name : kRefusedFactors) {
    RL_ASSIGN_OR_RETURN(const double value, keys.FloatOr(name, 0));
    if (value != 0) return Unimplemented(keys.Key(name) + " is not supported", keys.Key(name));
  }
  return OkStatus();
}

Status ReadSizes(const GgufFile& gguf, const ArchKeys& keys, ModelConfig& config) {
  RL_ASSIGN_OR_RETURN(config.hidden_size, keys.Count("embedding_length"));
  RL_ASSIGN_OR_RETURN(config.intermediate_size, keys.Count("feed_forward_length"));
  RL_ASSIGN_OR_RETURN(config.num_hidden_layers, keys.Count("block_count"));
  RL_ASSIGN_OR_RETURN(config.num_attention_heads, keys.Count("attention.head_count"));
  RL_ASSIGN_OR_RETURN(config.num_key_value_heads,
                      keys.CountOr("attention.head_count_kv", config.num_attention_heads));
  RL_ASSIGN_OR_RETURN(config.max_position_embeddings, keys.Count("context_length"));
  if (config.num_attention_heads < 1)
    return DataLoss(keys.Key("attention.head_count") + " must be at least 1");
  RL_ASSIGN_OR_RETURN(
      config.head_dim,
      keys.CountOr("attention.key_length", config.hidden_size / config.num_attention_heads));
  RL_ASSIGN_OR_RETURN(const int64_t value_dim,
                      keys.CountOr("attention.value_length", config.head_dim));
  if (value_dim != config.head_dim)
    return Unimplemented(keys.Key("attention.value_length") + " differs from the key length",
                         keys.Key("attention.value_length"));
  const TensorView* embedding = FindTensor(gguf, "token_embd.weight");
  if (embedding == nullptr) return DataLoss("tensor \"token_embd.weight\" is missing");
  config.vocab_size = embedding->shape.front();
  return OkStatus();
}

Result<RopeScaling> ReadScaling(const GgufFile& gguf, const ArchKeys& keys, double rope_theta) {
  RopeScaling scaling;
  RL_ASSIGN_OR_RETURN(const auto type, keys.String("rope.scaling.type"));
  RL_ASSIGN_OR_RETURN(const double legacy_factor, keys.FloatOr("rope.scale_linear", 1));
  RL_ASSIGN_OR_RETURN(scaling.factor, keys.FloatOr("rope.scaling.factor", legacy_factor));
  const bool linear_by_default = !type && scaling.factor != 1;
  if (linear_by_default || type == "linear") {
    scaling.kind = RopeScaling::Kind::kLinear;
  } else if (type && *type != "none") {
    return Unimplemented("RoPE scaling \"" + Excerpt(*type) +
                             "\" is not supported; this engine has linear and llama3",
                         keys.Key("rope.scaling.type"));
  }
  const TensorView* divisors = FindTensor(gguf, kGgufRopeFreqs);
  if (divisors == nullptr) return scaling;
  if (scaling.kind != RopeScaling::Kind::kNone)
    return Unimplemented("rope_freqs.weight together with linear RoPE scaling is not supported");
  return Llama3ScalingFromDivisors(DequantizeTensor(*divisors), rope_theta);
}

// Of sizes that are checked: a damaged one would be taken for this.
Status CheckRotary(const ArchKeys& keys, const ModelConfig& config) {
  RL_ASSIGN_OR_RETURN(const int64_t rotary_dim,
                      keys.CountOr("rope.dimension_count", config.head_dim));
  if (rotary_dim == config.head_dim) return OkStatus();
  return Unimplemented("partial rotary embedding is not supported (" + std::to_string(rotary_dim) +
                           " of " + std::to_string(config.head_dim) + " elements)",
                       keys.Key("rope.dimension_count"));
}

Status ReadRope(const GgufFile& gguf, const ArchKeys& keys, ModelConfig& config) {
  RL_ASSIGN_OR_RETURN(config.rope_theta, keys.FloatOr("rope.freq_base", 10000));
  RL_ASSIGN_OR_RETURN(const int64_t rotary_dim,
                      keys.CountOr("rope.dimension_count", config.head_dim));
  const TensorView* divisors = FindTensor(gguf, kGgufRopeFreqs);
  if (divisors != nullptr && divisors->shape != std::vector<int64_t>{rotary_dim / 2})
    return DataLoss("tensor \"rope_freqs.weight\" has shape " + ShapeText(divisors->shape));
  RL_ASSIGN_OR_RETURN(config.rope_scaling, ReadScaling(gguf, keys, config.rope_theta));
  return OkStatus();
}

// A token id key, or nullopt; ids outside int32 become -1, which CheckConfig refuses.
Result<std::optional<TokenId>> TokenIdOf(const GgufFile& gguf, std::string_view key) {
  RL_ASSIGN_OR_RETURN(const auto value, gguf.Int(key));
  if (!value) return std::optional<TokenId>();
  const bool fits = *value >= 0 && *value <= std::numeric_limits<TokenId>::max();
  return std::optional<TokenId>(fits ? static_cast<TokenId>(*value) : -1);
}

Status ReadSpecialTokens(const GgufFile& gguf, ModelConfig& config) {
  RL_ASSIGN_OR_RETURN(config.bos_token_id, TokenIdOf(gguf, "tokenizer.ggml.bos_token_id"));
  // End of text, of turn and of message: generation ends at any of them.
  for (const std::string_view name : {"eos", "eot", "eom"}) {
    const std::string key = "tokenizer.ggml." + std::string(name) + "_token_id";
    RL_ASSIGN_OR_RETURN(const auto id, TokenIdOf(gguf, key));
    const auto& known = config.eos_token_ids;
    if (id && std::find(known.begin(), known.end(), *id) == known.end())
      config.eos_token_ids.push_back(*id);
  }
  return OkStatus();
}

}  // namespace

Result<ModelConfig> ConfigFromGguf(const GgufFile& gguf) {
  RL_ASSIGN_OR_RETURN(const Architecture architecture, FindArchitecture(gguf));
  const ArchKeys keys(gguf, architecture.name);
  RL_RETURN_IF_ERROR(RefuseUnsupported(gguf, keys));
  ModelConfig config;
  config.architecture = "llama";
  config.model_type = architecture.name;
  config.rope_layout = architecture.rope_layout;
  config.attention_bias = architecture.attention_bias;
  config.qk_norm = architecture.qk_norm;
  config.tie_word_embeddings = FindTensor(gguf, "output.weight") == nullptr;
  RL_RETURN_IF_ERROR(ReadSizes(gguf, keys, config));
  RL_ASSIGN_OR_RETURN(config.rms_norm_eps,
                      keys.FloatOr("attention.layer_norm_rms_epsilon", config.rms_norm_eps));
  RL_RETURN_IF_ERROR(ReadRope(gguf, keys, config));
  RL_RETURN_IF_ERROR(ReadSpecialTokens(gguf, config));
  RL_RETURN_IF_ERROR(CheckConfig(config));
  RL_RETURN_IF_ERROR(CheckRotary(keys, config));
  return config;
}

std::vector<TensorView> GgufWeights(const GgufFile& gguf) {
  std::vector<TensorView> weights = gguf.tensors();
  std::erase_if(weights, [](const TensorView& view) { return view.name == kGgufRopeFreqs; });
  return weights;
}

Result<std::optional<text::GgufVocabulary>> VocabularyFromGguf(const GgufFile& gguf) {
  RL_ASSIGN_OR_RETURN(const auto model, gguf.String("tokenizer.ggml.model"));
  if (!model || *model == "none" || *model == "no_vocab")
    return std::optional<text::GgufVocabulary>();
  text::GgufVocabulary vocabulary;
  vocabulary.model = *model;
  RL_ASSIGN_OR_RETURN(const auto pre, gguf.String("tokenizer.ggml.pre"));
  vocabulary.pre = pre.value_or("default");
  RL_ASSIGN_OR_RETURN(vocabulary.tokens, gguf.Strings("tokenizer.ggml.tokens"));
  RL_ASSIGN_OR_RETURN(vocabulary.scores, gguf.Floats("tokenizer.ggml.scores"));
  RL_ASSIGN_OR_RETURN(vocabulary.token_types, gguf.Ints("tokenizer.ggml.token_type"));
  RL_ASSIGN_OR_RETURN(vocabulary.merges, gguf.Strings("tokenizer.ggml.merges"));
  RL_ASSIGN_OR_RETURN(vocabulary.bos_token_id, TokenIdOf(gguf, "tokenizer.ggml.bos_token_id"));
  RL_ASSIGN_OR_RETURN(vocabulary.eos_token_id, TokenIdOf(gguf, "tokenizer.ggml.eos_token_id"));
  RL_ASSIGN_OR_RETURN(vocabulary.pad_token_id, TokenIdOf(gguf, "tokenizer.ggml.padding_token_id"));
  // Files without the flag: what llama.cpp assumes for each kind of vocabulary.
  const bool adds_bos_by_default = *model == "llama" || vocabulary.pre == "llama-bpe" ||
                                   vocabulary.pre == "llama3" || vocabulary.pre == "llama-v3";
  RL_ASSIGN_OR_RETURN(const auto add_bos, gguf.Bool("tokenizer.ggml.add_bos_token"));
  vocabulary.add_bos_token = add_bos.value_or(adds_bos_by_default);
  RL_ASSIGN_OR_RETURN(const auto add_space, gguf.Bool("tokenizer.ggml.add_space_prefix"));
  vocabulary.add_space_prefix = add_space.value_or(true);
  return std::optional<text::GgufVocabulary>(std::move(vocabulary));
}

}  // namespace redline::engine
