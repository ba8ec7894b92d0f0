// vLLM's resolved VllmConfig. Sources: vllm/config/, v1/core/sched/scheduler.py,
// v1/attention/backends/mla/flashmla_sparse.py at 0.13.0.
#include <algorithm>

#include "planner/engines/settings_readers.h"

namespace redline::planner {
namespace {

bool HasExperts(const ModelShape& shape) {
  return std::any_of(shape.groups.begin(), shape.groups.end(), [](const LayerGroup& group) {
    return std::holds_alternative<MoeFfn>(group.ffn);
  });
}

// Data-parallel engines of a model with experts share these and step together; without experts they
// are copies.
ParallelLayout LayoutOf(int64_t tp, int64_t dp, bool expert_parallel, int64_t pipeline,
                        bool has_experts) {
  const int64_t together = has_experts ? tp * dp : tp;
  return {.attention_tp = tp,
          .attention_dp = has_experts ? dp : 1,
          .ffn_tp = expert_parallel ? 1 : together,
          .expert_parallel = expert_parallel ? together : 1,
          .pipeline = pipeline,
          .replicas = has_experts ? 1 : dp};
}

}  // namespace

Result<EngineSettings> VllmSettings(const nlohmann::json& resolved, const ModelShape& shape) {
  const int64_t tp = IntAt(resolved, "parallel.tensor_parallel_size", 1);
  const int64_t dp = IntAt(resolved, "parallel.data_parallel_size", 1);
  if (tp < 1 || dp < 1 || tp > 1024 || dp > 1024) {
    return InvalidArgument("tensor and data parallel sizes must be between 1 and 1024",
                           "parallel.tensor_parallel_size");
  }
  const ParallelLayout layout =
      LayoutOf(tp, dp, BoolAt(resolved, "parallel.enable_expert_parallel", false),
               std::max<int64_t>(IntAt(resolved, "parallel.pipeline_parallel_size", 1), 1),
               HasExperts(shape));
  EngineSettings settings = VllmDefaults(layout, shape);
  settings.max_running_requests =
      IntAt(resolved, "scheduler.max_num_seqs", settings.max_running_requests);
  settings.step_token_budget =
      IntAt(resolved, "scheduler.max_num_batched_tokens", settings.step_token_budget);
  settings.chunk_prompts = BoolAt(resolved, "scheduler.enable_chunked_prefill", true);
  settings.prefix_cache = BoolAt(resolved, "cache.enable_prefix_caching", true);
  settings.page_size = std::max<int64_t>(IntAt(resolved, "cache.block_size", 16), 1);
  settings.memory_fraction = NumberAt(resolved, "cache.gpu_memory_utilization", 0.9);
  settings.context_length = std::max<int64_t>(IntAt(resolved, "model.max_model_len", 0), 0);
  settings.has_graphs = !BoolAt(resolved, "model.enforce_eager", false) &&
                        TextAt(resolved, "compilation.cudagraph_mode", "FULL") != "NONE";
  settings.max_graph_tokens =
      IntAt(resolved, "compilation.max_cudagraph_capture_size", settings.max_graph_tokens);
  if (TextAt(resolved, "cache.cache_dtype", "auto").starts_with("fp8")) {
    settings.cache_dtype = CacheDtype::kFp8;
  }
  const int64_t drafts = IntAt(resolved, "speculative.num_speculative_tokens", 0);
  if (drafts > 0) {
    const bool is_own = TextAt(resolved, "speculative.method", "").find("mtp") != std::string::npos;
    settings.drafting = is_own ? Drafting::kPredictionLayers : Drafting::kOther;
    settings.draft_tokens = drafts;
  }
  return settings;
}

EngineSettings VllmDefaults(const ParallelLayout& layout, const ModelShape& shape) {
  EngineSettings settings{.layout = layout,
                          .ranks_in_lockstep = layout.attention_dp > 1,
                          .policy = SchedulerPolicy::Kind::kMixed,
                          .dispatch = SchedulerPolicy::Dispatch::kLeastLoaded,
                          .max_running_requests = 1024,
                          .step_token_budget = 8192,
                          .page_size = HasSparseAttention(shape) ? 64 : 16,
                          .memory_fraction = 0.9,
                          .counts_activations = true};
  return settings;
}

}  // namespace redline::planner
