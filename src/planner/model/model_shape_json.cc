#include <nlohmann/json.hpp>

#include "planner/model/cache_bytes.h"
#include "planner/model/model_shape.h"
#include "planner/model/weight_totals.h"

namespace redline::planner {
namespace {

using nlohmann::json;

json AttentionJson(const GroupedQueryAttention& attention) {
  constexpr const char* kNorms[] = {"none", "per_head", "across_heads"};
  return {{"kind", "grouped_query"},
          {"num_heads", attention.num_heads},
          {"num_kv_heads", attention.num_kv_heads},
          {"head_dim", attention.head_dim},
          {"has_qkv_bias", attention.has_qkv_bias},
          {"has_output_bias", attention.has_output_bias},
          {"has_output_gate", attention.has_output_gate},
          {"has_sinks", attention.has_sinks},
          {"qk_norm", kNorms[static_cast<int>(attention.qk_norm)]},
          {"sliding_window", attention.sliding_window}};
}

json AttentionJson(const LatentAttention& attention) {
  json indexer;
  if (attention.indexer)
    indexer = {{"num_heads", attention.indexer->num_heads},
               {"head_dim", attention.indexer->head_dim},
               {"top_k", attention.indexer->top_k},
               {"is_shared", attention.indexer->is_shared}};
  return {{"kind", "latent"},
          {"num_heads", attention.num_heads},
          {"q_lora_rank", attention.q_lora_rank},
          {"kv_lora_rank", attention.kv_lora_rank},
          {"qk_nope_head_dim", attention.qk_nope_head_dim},
          {"qk_rope_head_dim", attention.qk_rope_head_dim},
          {"v_head_dim", attention.v_head_dim},
          {"indexer", indexer}};
}

json AttentionJson(const LinearAttention& attention) {
  return {{"kind", "linear"},
          {"num_key_heads", attention.num_key_heads},
          {"num_value_heads", attention.num_value_heads},
          {"key_head_dim", attention.key_head_dim},
          {"value_head_dim", attention.value_head_dim},
          {"conv_kernel_size", attention.conv_kernel_size},
          {"state_bytes", attention.state_bytes}};
}

json FfnJson(const DenseFfn& ffn) {
  return {
      {"kind", "dense"}, {"intermediate_size", ffn.intermediate_size}, {"has_bias", ffn.has_bias}};
}

json FfnJson(const MoeFfn& ffn) {
  return {{"kind", "moe"},
          {"num_experts", ffn.num_experts},
          {"experts_per_token", ffn.experts_per_token},
          {"expert_intermediate_size", ffn.expert_intermediate_size},
          {"shared_intermediate_size", ffn.shared_intermediate_size},
          {"has_shared_gate", ffn.has_shared_gate},
          {"has_expert_bias", ffn.has_expert_bias},
          {"has_router_bias", ffn.has_router_bias},
          {"has_score_correction", ffn.has_score_correction}};
}

json ModulesJson(ModuleSet modules) {
  json names = json::array();
  for (int index = 0; index < kNumModules; ++index)
    if (modules.Has(static_cast<Module>(index)))
      names.push_back(NameOf(static_cast<Module>(index)));
  return names;
}

json GroupJson(const LayerGroup& group) {
  return {{"num_layers", group.num_layers},
          {"attention",
           std::visit([](const auto& each) { return AttentionJson(each); }, group.attention)},
          {"ffn", std::visit([](const auto& each) { return FfnJson(each); }, group.ffn)},
          {"unquantized_modules", ModulesJson(group.unquantized)}};
}

json ClassesJson(const ByTensorClass& values) {
  json object = json::object();
  for (int index = 0; index < kNumTensorClasses; ++index) {
    const auto tensor_class = static_cast<TensorClass>(index);
    if (values[tensor_class] != 0) object[std::string(NameOf(tensor_class))] = values[tensor_class];
  }
  return object;
}

}  // namespace

json ToJson(const ModelShape& shape) {
  json groups = json::array();
  for (const LayerGroup& group : shape.groups) groups.push_back(GroupJson(group));
  json prediction;
  if (shape.prediction.num_layers > 0) {
    prediction = GroupJson(shape.prediction.layer);
    prediction["num_layers"] = shape.prediction.num_layers;
  }
  const ByTensorClass parameters = ParametersOf(shape);
  const ByTensorClass bytes = BytesOf(shape);
  return {{"architecture", shape.architecture},
          {"hidden_size", shape.hidden_size},
          {"vocab_size", shape.vocab_size},
          {"max_positions", shape.max_positions},
          {"has_tied_embeddings", shape.has_tied_embeddings},
          {"has_encoders", shape.has_encoders},
          {"num_layers", shape.num_layers()},
          {"weights", NameOf(shape.format.base)},
          {"quantized_weights", NameOf(shape.format.quantized)},
          {"groups", std::move(groups)},
          {"prediction", std::move(prediction)},
          {"num_parameters", parameters.Total()},
          {"num_active_parameters", ActiveParametersOf(shape)},
          {"num_parameters_by_class", ClassesJson(parameters)},
          {"weight_bytes", bytes.Total()},
          {"weight_bytes_by_class", ClassesJson(bytes)},
          {"weight_bytes_by_format", BytesByFormat(shape)},
          {"kv_bytes_per_token_bf16", CacheBytesPerToken(shape, CacheDtype::kBf16, 1)},
          {"kv_bytes_per_token_fp8", CacheBytesPerToken(shape, CacheDtype::kFp8, 1)},
          {"state_bytes_per_request", StateBytesPerRequest(shape, 1)}};
}

}  // namespace redline::planner
