#include "engine/model/llama_weights.h"

#include <string>

namespace redline::engine {
namespace {

Status BindLayer(const ModelConfig& config, const std::string& prefix, WeightBinder& binder,
                 LlamaLayer* layer) {
  const int64_t hidden = config.hidden_size;
  const int64_t q_size = config.num_attention_heads * config.head_dim;
  const int64_t kv_size = config.num_key_value_heads * config.head_dim;
  const std::string attention = prefix + "self_attn.";
  for (const char* name : {"q_proj", "k_proj", "v_proj"}) {
    const int64_t size = layer->qkv.parts.empty() ? q_size : kv_size;
    RL_RETURN_IF_ERROR(binder.BindLinear(attention + name, size, hidden, &layer->qkv));
    if (config.attention_bias) RL_RETURN_IF_ERROR(binder.BindBias(attention + name, &layer->qkv));
  }
  if (config.qk_norm) {
    RL_RETURN_IF_ERROR(
        binder.BindVector(attention + "q_norm.weight", config.head_dim, &layer->q_norm));
    RL_RETURN_IF_ERROR(
        binder.BindVector(attention + "k_norm.weight", config.head_dim, &layer->k_norm));
  }
  RL_RETURN_IF_ERROR(
      binder.BindLinear(attention + "o_proj", hidden, q_size, &layer->attention_out));
  RL_RETURN_IF_ERROR(
      binder.BindVector(prefix + "input_layernorm.weight", hidden, &layer->input_norm));
  RL_RETURN_IF_ERROR(
      binder.BindVector(prefix + "post_attention_layernorm.weight", hidden, &layer->mlp_norm));
  const int64_t intermediate = config.intermediate_size;
  const std::string mlp = prefix + "mlp.";
  RL_RETURN_IF_ERROR(binder.BindLinear(mlp + "gate_proj", intermediate, hidden, &layer->gate_up));
  RL_RETURN_IF_ERROR(binder.BindLinear(mlp + "up_proj", intermediate, hidden, &layer->gate_up));
  return binder.BindLinear(mlp + "down_proj", hidden, intermediate, &layer->down);
}

}  // namespace

Status BindLlamaWeights(const ModelConfig& config, WeightBinder& binder, LlamaWeights* weights) {
  RL_RETURN_IF_ERROR(binder.BindLinear("model.embed_tokens", config.vocab_size, config.hidden_size,
                                       &weights->embedding));
  if (!config.tie_word_embeddings) {
    RL_RETURN_IF_ERROR(
        binder.BindLinear("lm_head", config.vocab_size, config.hidden_size, &weights->lm_head));
  }
  RL_RETURN_IF_ERROR(
      binder.BindVector("model.norm.weight", config.hidden_size, &weights->final_norm));
  weights->layers.resize(static_cast<size_t>(config.num_hidden_layers));
  for (size_t i = 0; i < weights->layers.size(); ++i) {
    RL_RETURN_IF_ERROR(
        BindLayer(config, "model.layers." + std::to_string(i) + ".", binder, &weights->layers[i]));
  }
  return OkStatus();
}

}  // namespace redline::engine
