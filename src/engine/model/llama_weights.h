// The weights of the llama family and the names they have in a checkpoint.
#pragma once

#include <vector>

#include "base/status.h"
#include "engine/model/weight_binder.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {

struct LlamaLayer {
  const float* input_norm = nullptr;
  Linear qkv;
  const float* q_norm = nullptr;  // Qwen3
  const float* k_norm = nullptr;
  Linear attention_out;
  const float* mlp_norm = nullptr;
  Linear gate_up;
  Linear down;
};

struct LlamaWeights {
  Linear embedding;
  std::vector<LlamaLayer> layers;
  const float* final_norm = nullptr;
  Linear lm_head;  // empty when tied to the embedding
};

// Binds every weight that a model of this configuration has; they are there after binder.Load.
// `weights` must stay where it is until then.
Status BindLlamaWeights(const ModelConfig& config, WeightBinder& binder, LlamaWeights* weights);

}  // namespace redline::engine
