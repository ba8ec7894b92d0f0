// ModelShape: what of a model decides how large, how fast and how divisible it is, from its
// config.json. Plain values; weight_tensors.h lists the tensors that follow from them.
//
// It is the language model alone: the encoders of a model that sees or hears are not in it
// (`has_encoders` says that there are some).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "planner/model/weight_format.h"

namespace redline::planner {

// Queries in groups that share keys and values (arXiv 2305.13245); one head a group is multi-head
// attention.
struct GroupedQueryAttention {
  enum class Norm { kNone, kPerHead, kAcrossHeads };

  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;
  int64_t head_dim = 0;
  bool has_qkv_bias = false;
  bool has_output_bias = false;
  bool has_output_gate = false;  // the query projection is twice as high (Qwen3.5)
  bool has_sinks = false;        // one learned logit a head (gpt-oss)
  Norm qk_norm = Norm::kNone;
  int64_t sliding_window = 0;  // tokens that a query sees; 0: all

  bool operator==(const GroupedQueryAttention&) const = default;
};

// DeepSeek's sparse attention chooses the tokens that a query sees (DeepSeek-V3.2, 2.1).
struct Indexer {
  int64_t num_heads = 0;
  int64_t head_dim = 0;
  int64_t top_k = 0;
  // The layer takes what an earlier one chose: neither weights nor keys of its own (GLM-5.2).
  bool is_shared = false;

  bool operator==(const Indexer&) const = default;
};

// Keys and values of all heads from one latent vector (arXiv 2405.04434, 2.1).
struct LatentAttention {
  int64_t num_heads = 0;
  int64_t q_lora_rank = 0;  // 0: queries are projected in one step
  int64_t kv_lora_rank = 0;
  int64_t qk_nope_head_dim = 0;
  int64_t qk_rope_head_dim = 0;
  int64_t v_head_dim = 0;
  std::optional<Indexer> indexer;

  bool operator==(const LatentAttention&) const = default;
};

// Gated delta net (arXiv 2412.06464): a state of fixed size in place of keys and values.
struct LinearAttention {
  int64_t num_key_heads = 0;
  int64_t num_value_heads = 0;
  int64_t key_head_dim = 0;
  int64_t value_head_dim = 0;
  int64_t conv_kernel_size = 0;
  int64_t state_bytes = 4;  // of one number of the state (mamba_ssm_dtype)

  bool operator==(const LinearAttention&) const = default;
};

using Attention = std::variant<GroupedQueryAttention, LatentAttention, LinearAttention>;

struct DenseFfn {
  int64_t intermediate_size = 0;  // of gate, up and down
  bool has_bias = false;

  bool operator==(const DenseFfn&) const = default;
};

struct MoeFfn {
  int64_t num_experts = 0;
  int64_t experts_per_token = 0;
  int64_t expert_intermediate_size = 0;
  int64_t shared_intermediate_size = 0;  // of all shared experts together; 0: none
  bool has_shared_gate = false;          // a sigmoid scales the shared experts (Qwen3.5)
  bool has_expert_bias = false;
  bool has_router_bias = false;
  bool has_score_correction = false;  // one number an expert that steers the choice (noaux_tc)

  bool operator==(const MoeFfn&) const = default;
};

using Ffn = std::variant<DenseFfn, MoeFfn>;

// Layers that are alike, quantisation included.
struct LayerGroup {
  int64_t num_layers = 0;
  Attention attention;
  Ffn ffn;
  ModuleSet unquantized;  // modules that the checkpoint keeps in its 16-bit type
  // Of each tensor in the order of TensorsOfLayer() (weight_tensors.h), as a file's header tells;
  // empty: the model's WeightFormat holds.
  std::vector<NumberFormat> stored;

  bool IsLike(const LayerGroup& other) const;
};

// Layers behind the last that predict further tokens (multi-token prediction). Each has a layer of
// the model and a projection of [hidden, embedding]; embedding and head are the model's.
struct PredictionLayers {
  int64_t num_layers = 0;  // 0: none
  LayerGroup layer;
};

// What a file's header tells of the tensors outside of the layers. A head that is the embedding has
// its format.
struct StoredEnds {
  NumberFormat embedding;
  NumberFormat head;
  NumberFormat final_norm;
};

struct ModelShape {
  std::string architecture;  // config.json's model_type: "deepseek_v32"
  int64_t hidden_size = 0;
  int64_t vocab_size = 0;
  int64_t max_positions = 0;
  bool has_tied_embeddings = false;
  bool has_encoders = false;
  // With `stored`, every tensor has a format of its own; this is what most bytes are in.
  WeightFormat format;
  std::optional<StoredEnds> stored;
  std::vector<LayerGroup> groups;        // no two alike, in the order of their first layers
  std::vector<uint16_t> group_of_layer;  // an index into `groups` for each layer
  PredictionLayers prediction;

  int64_t num_layers() const { return static_cast<int64_t>(group_of_layer.size()); }
};

// Appends the layers, one entry for each, to a shape without any: one group for all that are alike.
void GatherLayers(std::vector<LayerGroup> layers, ModelShape& shape);

// Dimensions, groups, parameters and bytes of each class of tensors.
nlohmann::json ToJson(const ModelShape& shape);

}  // namespace redline::planner
