#include "planner/model/model_families.h"

#include <algorithm>

namespace redline::planner {
namespace {

constexpr ModelFamily kFamilies[] = {
    {"deepseek_v3", ReadDeepSeek},
    {"deepseek_v32", ReadDeepSeek},
    {"glm4_moe", ReadGlm4Moe},
    {"glm_moe_dsa", ReadDeepSeek},
    {"gpt_oss", ReadGptOss},
    {"kimi_k2", ReadDeepSeek},
    {"llama", ReadLlama},
    {"minimax_m2", ReadMiniMaxM2},
    {"mistral", ReadMistral},
    {"mixtral", ReadMixtral},
    {"qwen2", ReadQwen2},
    {"qwen3", ReadQwen3},
    {"qwen3_5_moe_text", ReadQwen3Hybrid},
    {"qwen3_5_text", ReadQwen3Hybrid},
    {"qwen3_moe", ReadQwen3Moe},
};

}  // namespace

std::span<const ModelFamily> ModelFamilies() { return kFamilies; }

const ModelFamily* FindModelFamily(std::string_view model_type) {
  const auto* found = std::find_if(
      std::begin(kFamilies), std::end(kFamilies),
      [model_type](const ModelFamily& family) { return family.model_type == model_type; });
  return found == std::end(kFamilies) ? nullptr : found;
}

GroupedQueryAttention ReadGroupedQuery(ConfigFields& fields, const LayerPlan& plan) {
  GroupedQueryAttention attention;
  attention.num_heads = fields.Need("num_attention_heads", kMostHeads);
  attention.num_kv_heads = fields.Take("num_key_value_heads", attention.num_heads, kMostHeads, 1);
  attention.head_dim =
      fields.Take("head_dim", plan.hidden_size / attention.num_heads, kMostHeadDim, 1);
  if (attention.num_heads % attention.num_kv_heads != 0)
    fields.Refuse("num_key_value_heads", "must divide num_attention_heads");
  if (!fields.Has("head_dim") && plan.hidden_size % attention.num_heads != 0)
    fields.Refuse("num_attention_heads", "must divide hidden_size where there is no head_dim");
  return attention;
}

DenseFfn ReadDense(ConfigFields& fields) {
  return {.intermediate_size = fields.Need("intermediate_size", kMostHidden)};
}

MoeFfn ReadDeepSeekMoe(ConfigFields& fields) {
  MoeFfn moe;
  moe.num_experts = fields.Need("n_routed_experts", kMostExperts);
  moe.experts_per_token = fields.Need("num_experts_per_tok", moe.num_experts);
  moe.expert_intermediate_size = fields.Need("moe_intermediate_size", kMostHidden);
  moe.shared_intermediate_size =
      fields.Take("n_shared_experts", 0, 64) * moe.expert_intermediate_size;
  moe.has_score_correction = true;
  return moe;
}

}  // namespace redline::planner
