// Models whose attention is grouped-query attention in every layer.
#include <algorithm>
#include <string>
#include <vector>

#include "planner/model/model_families.h"

namespace redline::planner {
namespace {

using Norm = GroupedQueryAttention::Norm;

constexpr int64_t kLongestWindow = 1 << 30;

void AddAlike(LayerPlan& plan, const GroupedQueryAttention& attention, const Ffn& ffn) {
  for (int64_t layer = 0; layer < plan.num_layers; ++layer) plan.AddLayer(attention, ffn);
}

// "layer_types", one word a layer; empty: the file does not say.
std::vector<std::string> TakeLayerTypes(ConfigFields& fields, const LayerPlan& plan) {
  auto types = fields.TakeWords("layer_types", kMostLayers);
  if (!types.empty() && static_cast<int64_t>(types.size()) != plan.num_layers)
    fields.Refuse("layer_types", "must have one word for each of num_hidden_layers");
  return types;
}

// Qwen's windows are off unless use_sliding_window is there, and begin at max_window_layers.
void AddQwenLayers(ConfigFields& fields, LayerPlan& plan, const GroupedQueryAttention& attention) {
  const DenseFfn ffn = ReadDense(fields);
  const int64_t window = fields.TakeFlag("use_sliding_window", false)
                             ? fields.Take("sliding_window", 0, kLongestWindow)
                             : 0;
  const int64_t first = fields.Take("max_window_layers", plan.num_layers, kLongestWindow);
  for (int64_t layer = 0; layer < plan.num_layers; ++layer) {
    GroupedQueryAttention of_layer = attention;
    if (layer >= first) of_layer.sliding_window = window;
    plan.AddLayer(of_layer, ffn);
  }
}

MoeFfn ReadLocalExperts(ConfigFields& fields) {
  MoeFfn moe;
  moe.num_experts = fields.Need("num_local_experts", kMostExperts);
  moe.experts_per_token = fields.Need("num_experts_per_tok", moe.num_experts);
  moe.expert_intermediate_size = fields.Need("intermediate_size", kMostHidden);
  return moe;
}

}  // namespace

void ReadLlama(ConfigFields& fields, LayerPlan& plan) {
  GroupedQueryAttention attention = ReadGroupedQuery(fields, plan);
  attention.has_qkv_bias = attention.has_output_bias = fields.TakeFlag("attention_bias", false);
  DenseFfn ffn = ReadDense(fields);
  ffn.has_bias = fields.TakeFlag("mlp_bias", false);
  AddAlike(plan, attention, ffn);
}

void ReadMistral(ConfigFields& fields, LayerPlan& plan) {
  GroupedQueryAttention attention = ReadGroupedQuery(fields, plan);
  attention.sliding_window = fields.Take("sliding_window", 0, kLongestWindow);
  AddAlike(plan, attention, ReadDense(fields));
}

void ReadMixtral(ConfigFields& fields, LayerPlan& plan) {
  GroupedQueryAttention attention = ReadGroupedQuery(fields, plan);
  attention.sliding_window = fields.Take("sliding_window", 0, kLongestWindow);
  AddAlike(plan, attention, ReadLocalExperts(fields));
}

void ReadQwen2(ConfigFields& fields, LayerPlan& plan) {
  GroupedQueryAttention attention = ReadGroupedQuery(fields, plan);
  attention.has_qkv_bias = true;
  AddQwenLayers(fields, plan, attention);
}

void ReadQwen3(ConfigFields& fields, LayerPlan& plan) {
  GroupedQueryAttention attention = ReadGroupedQuery(fields, plan);
  attention.has_qkv_bias = attention.has_output_bias = fields.TakeFlag("attention_bias", false);
  attention.qk_norm = Norm::kPerHead;
  AddQwenLayers(fields, plan, attention);
}

// Layers of mlp_only_layers, and those between the decoder_sparse_step-th ones, are dense.
void ReadQwen3Moe(ConfigFields& fields, LayerPlan& plan) {
  GroupedQueryAttention attention = ReadGroupedQuery(fields, plan);
  attention.has_qkv_bias = attention.has_output_bias = fields.TakeFlag("attention_bias", false);
  attention.qk_norm = Norm::kPerHead;
  MoeFfn moe;
  moe.num_experts = fields.Need("num_experts", kMostExperts);
  moe.experts_per_token = fields.Need("num_experts_per_tok", moe.num_experts);
  moe.expert_intermediate_size = fields.Need("moe_intermediate_size", kMostHidden);
  const int64_t step = fields.Take("decoder_sparse_step", 1, kMostLayers, 1);
  const std::vector<int64_t> dense = fields.TakeNumbers("mlp_only_layers", kMostLayers);
  for (int64_t layer = 0; layer < plan.num_layers; ++layer) {
    const bool is_dense =
        (layer + 1) % step != 0 || std::find(dense.begin(), dense.end(), layer) != dense.end();
    plan.AddLayer(attention, is_dense ? Ffn(ReadDense(fields)) : Ffn(moe));
  }
}

void ReadGlm4Moe(ConfigFields& fields, LayerPlan& plan) {
  GroupedQueryAttention attention = ReadGroupedQuery(fields, plan);
  attention.has_qkv_bias = fields.TakeFlag("attention_bias", false);
  if (fields.TakeFlag("use_qk_norm", false)) attention.qk_norm = Norm::kPerHead;
  const MoeFfn moe = ReadDeepSeekMoe(fields);
  const int64_t first_sparse = fields.Take("first_k_dense_replace", 0, kMostLayers);
  for (int64_t layer = 0; layer < plan.num_layers; ++layer)
    plan.AddLayer(attention, layer < first_sparse ? Ffn(ReadDense(fields)) : Ffn(moe));
  plan.prediction = {
      .num_layers = fields.Take("num_nextn_predict_layers", 0, kMostPredictionLayers),
      .layer = {.num_layers = 1, .attention = attention, .ffn = moe}};
}

// Every other layer sees a window, the first one does. Biases everywhere.
void ReadGptOss(ConfigFields& fields, LayerPlan& plan) {
  GroupedQueryAttention attention = ReadGroupedQuery(fields, plan);
  attention.has_qkv_bias = attention.has_output_bias = fields.TakeFlag("attention_bias", true);
  attention.has_sinks = true;
  const int64_t window = fields.Take("sliding_window", 0, kLongestWindow);
  MoeFfn moe = ReadLocalExperts(fields);
  moe.has_expert_bias = moe.has_router_bias = true;
  const std::vector<std::string> types = TakeLayerTypes(fields, plan);
  if (!fields.ok()) return;
  for (int64_t layer = 0; layer < plan.num_layers; ++layer) {
    const bool has_window =
        types.empty() ? layer % 2 == 0 : types[static_cast<size_t>(layer)] == "sliding_attention";
    attention.sliding_window = has_window ? window : 0;
    plan.AddLayer(attention, moe);
  }
}

// The published checkpoints hold none of the three modules that num_mtp_modules announces.
void ReadMiniMaxM2(ConfigFields& fields, LayerPlan& plan) {
  GroupedQueryAttention attention = ReadGroupedQuery(fields, plan);
  if (fields.TakeFlag("use_qk_norm", false)) attention.qk_norm = Norm::kAcrossHeads;
  MoeFfn moe = ReadLocalExperts(fields);
  moe.has_score_correction = fields.TakeFlag("use_routing_bias", false);
  moe.shared_intermediate_size = fields.Take("shared_intermediate_size", 0, kMostHidden);
  AddAlike(plan, attention, moe);
}

}  // namespace redline::planner
