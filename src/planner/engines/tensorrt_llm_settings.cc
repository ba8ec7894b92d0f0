// TensorRT-LLM's PyTorch backend: trtllm-serve's arguments over the defaults of its LLM arguments
// at 1.2.0rc5. Source: tensorrt_llm/llmapi/llm_args.py.
#include <algorithm>

#include "planner/engines/settings_readers.h"

namespace redline::planner {

Result<EngineSettings> TensorrtLlmSettings(const nlohmann::json& resolved,
                                           const ModelShape& shape) {
  const int64_t tp = IntAt(resolved, "tensor_parallel_size", 1);
  const int64_t ep = IntAt(resolved, "moe_expert_parallel_size", 1);
  if (tp < 1 || tp > 1024 || ep > tp) {
    return InvalidArgument("tp_size must be between 1 and 1024, ep_size at most tp_size",
                           "tp_size");
  }
  const int64_t experts = std::max<int64_t>(ep, 1);
  const bool shares_attention = BoolAt(resolved, "enable_attention_dp", false);
  const ParallelLayout layout{
      .attention_tp = shares_attention ? 1 : tp,
      .attention_dp = shares_attention ? tp : 1,
      .ffn_tp = tp / experts,
      .expert_parallel = experts,
      .pipeline = std::max<int64_t>(IntAt(resolved, "pipeline_parallel_size", 1), 1)};
  EngineSettings settings = TensorrtLlmDefaults(layout, shape);
  settings.max_running_requests = IntAt(resolved, "max_batch_size", settings.max_running_requests);
  settings.step_token_budget = IntAt(resolved, "max_num_tokens", settings.step_token_budget);
  settings.chunk_prompts = BoolAt(resolved, "enable_chunked_prefill", settings.chunk_prompts);
  settings.memory_fraction =
      NumberAt(resolved, "kv_cache_config.free_gpu_memory_fraction", settings.memory_fraction);
  settings.pads_graphs = BoolAt(resolved, "cuda_graph_config.enable_padding", settings.pads_graphs);
  settings.max_graph_tokens =
      IntAt(resolved, "cuda_graph_config.max_batch_size", settings.max_graph_tokens);
  return settings;
}

EngineSettings TensorrtLlmDefaults(const ParallelLayout& layout, const ModelShape& shape) {
  EngineSettings settings{.layout = layout,
                          .ranks_in_lockstep = layout.attention_dp > 1,
                          .policy = SchedulerPolicy::Kind::kInflight,
                          .max_running_requests = 2048,
                          .step_token_budget = 8192,
                          .chunk_prompts = false,
                          .page_size = HasSparseAttention(shape) ? 64 : 32,
                          .memory_fraction = 0.9,
                          .of_free = true,
                          .max_graph_tokens = 128,
                          .pads_graphs = false};
  // Captured: 1 to 31, 32, 64 and 128; other batch sizes run without a graph.
  for (int64_t size = 1; size <= 32; ++size) settings.graph_sizes.push_back(size);
  settings.graph_sizes.push_back(64);
  settings.graph_sizes.push_back(128);
  return settings;
}

}  // namespace redline::planner
