// Qwen3.5, dense and with experts: gated delta nets in most layers, gated attention in the others.
#include <string>
#include <vector>

#include "planner/model/model_families.h"

namespace redline::planner {
namespace {

LinearAttention ReadDeltaNet(ConfigFields& fields) {
  LinearAttention attention;
  attention.num_key_heads = fields.Need("linear_num_key_heads", kMostHeads);
  attention.num_value_heads = fields.Need("linear_num_value_heads", kMostHeads);
  attention.key_head_dim = fields.Need("linear_key_head_dim", kMostHeadDim);
  attention.value_head_dim = fields.Need("linear_value_head_dim", kMostHeadDim);
  attention.conv_kernel_size = fields.Need("linear_conv_kernel_dim", 64);
  attention.state_bytes = fields.TakeWord("mamba_ssm_dtype", "float32") == "float32" ? 4 : 2;
  return attention;
}

Ffn ReadHybridFfn(ConfigFields& fields) {
  if (!fields.Has("num_experts")) return ReadDense(fields);
  MoeFfn moe;
  moe.num_experts = fields.Need("num_experts", kMostExperts);
  moe.experts_per_token = fields.Need("num_experts_per_tok", moe.num_experts);
  moe.expert_intermediate_size = fields.Need("moe_intermediate_size", kMostHidden);
  moe.shared_intermediate_size = fields.Take("shared_expert_intermediate_size", 0, kMostHidden);
  moe.has_shared_gate = moe.shared_intermediate_size > 0;
  return moe;
}

// By layer_types, or every full_attention_interval-th layer.
std::vector<bool> FullAttentionLayers(ConfigFields& fields, const LayerPlan& plan) {
  const std::vector<std::string> types = fields.TakeWords("layer_types", kMostLayers);
  const int64_t interval = fields.Take("full_attention_interval", 4, kMostLayers, 1);
  if (!types.empty() && static_cast<int64_t>(types.size()) != plan.num_layers)
    fields.Refuse("layer_types", "must have one word for each of num_hidden_layers");
  std::vector<bool> is_full;
  for (int64_t layer = 0; fields.ok() && layer < plan.num_layers; ++layer)
    is_full.push_back(types.empty() ? (layer + 1) % interval == 0
                                    : types[static_cast<size_t>(layer)] == "full_attention");
  return is_full;
}

}  // namespace

void ReadQwen3Hybrid(ConfigFields& fields, LayerPlan& plan) {
  GroupedQueryAttention full = ReadGroupedQuery(fields, plan);
  full.has_qkv_bias = full.has_output_bias = fields.TakeFlag("attention_bias", false);
  full.has_output_gate = fields.TakeFlag("attn_output_gate", true);
  full.qk_norm = GroupedQueryAttention::Norm::kPerHead;
  const LinearAttention linear = ReadDeltaNet(fields);
  const Ffn ffn = ReadHybridFfn(fields);
  for (const bool is_full : FullAttentionLayers(fields, plan))
    plan.AddLayer(is_full ? Attention(full) : Attention(linear), ffn);
  plan.prediction = {.num_layers = fields.Take("mtp_num_hidden_layers", 0, kMostPredictionLayers),
                     .layer = {.num_layers = 1, .attention = full, .ffn = ffn}};
  plan.prediction_path = "mtp.layers";
}

}  // namespace redline::planner
