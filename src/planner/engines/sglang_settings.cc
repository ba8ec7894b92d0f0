// SGLang's resolved ServerArgs. Sources: server_args.py, managers/schedule_policy.py,
// layers/attention/nsa_backend.py at 0.5.6.post2.
#include <algorithm>

#include "planner/engines/settings_readers.h"

namespace redline::planner {
namespace {

// Prompts that fit into index_topk run as dense attention (MHA_ONE_SHOT) whatever backend is named;
// fa3 pads no heads, the FlashMLA kernels do.
void SetSparseAttention(EngineSettings& settings, std::string_view prefill_backend,
                        std::string_view decode_backend) {
  settings.dense_short_prompts = true;
  settings.pads_heads_in_prefill = prefill_backend != "fa3";
  settings.pads_heads_in_decode = decode_backend != "fa3";
  settings.requantizes_pool =
      decode_backend == "flashmla_kv" && settings.cache_dtype == CacheDtype::kBf16;
}

void SetSpeculation(EngineSettings& settings, const nlohmann::json& resolved) {
  if (TextAt(resolved, "speculative_algorithm", "").empty()) return;
  settings.drafting = Drafting::kPredictionLayers;
  settings.draft_tokens =
      std::max<int64_t>(IntAt(resolved, "speculative_num_draft_tokens", 2) - 1, 1);
}

}  // namespace

Result<EngineSettings> SglangSettings(const nlohmann::json& resolved, const ModelShape& shape) {
  const int64_t tp = IntAt(resolved, "tp_size", 1);
  const int64_t dp = IntAt(resolved, "dp_size", 1);
  const int64_t ep = IntAt(resolved, "ep_size", 1);
  if (tp < 1 || dp < 1 || ep < 1 || tp > 1024 || dp > 1024 || ep > tp) {
    return InvalidArgument("tp_size, dp_size and ep_size must be between 1 and 1024", "tp_size");
  }
  const bool shares_attention = BoolAt(resolved, "enable_dp_attention", false) && dp > 1;
  ParallelLayout layout{.attention_tp = shares_attention ? std::max<int64_t>(tp / dp, 1) : tp,
                        .attention_dp = shares_attention ? dp : 1,
                        .ffn_tp = tp / ep,
                        .expert_parallel = ep,
                        .pipeline = std::max<int64_t>(IntAt(resolved, "pp_size", 1), 1),
                        .replicas = shares_attention ? 1 : dp};
  EngineSettings settings = SglangDefaults(layout, shape);
  const int64_t chunk = IntAt(resolved, "chunked_prefill_size", settings.step_token_budget);
  settings.chunk_prompts = chunk > 0;
  settings.step_token_budget = chunk > 0 ? chunk : 0;
  settings.max_prefill_tokens = IntAt(resolved, "max_prefill_tokens", settings.max_prefill_tokens);
  const int64_t running = IntAt(resolved, "max_running_requests", 0);
  settings.max_running_requests = running > 0 ? std::max<int64_t>(running / layout.attention_dp, 1)
                                              : settings.max_running_requests;
  settings.mixed_chunk = BoolAt(resolved, "enable_mixed_chunk", false);
  settings.conservativeness = NumberAt(resolved, "schedule_conservativeness", 1);
  settings.prefix_cache = !BoolAt(resolved, "disable_radix_cache", false);
  settings.page_size = std::max<int64_t>(IntAt(resolved, "page_size", 1), 1);
  settings.memory_fraction = NumberAt(resolved, "mem_fraction_static", settings.memory_fraction);
  settings.max_total_tokens = std::max<int64_t>(IntAt(resolved, "max_total_tokens", 0), 0);
  settings.context_length = std::max<int64_t>(IntAt(resolved, "context_length", 0), 0);
  settings.has_graphs = !BoolAt(resolved, "disable_cuda_graph", false);
  settings.max_graph_tokens = IntAt(resolved, "cuda_graph_max_bs", settings.max_graph_tokens);
  if (TextAt(resolved, "kv_cache_dtype", "auto").starts_with("fp8")) {
    settings.cache_dtype = CacheDtype::kFp8;
  }
  if (HasSparseAttention(shape)) {
    SetSparseAttention(settings, TextAt(resolved, "nsa_prefill_backend", "flashmla_sparse"),
                       TextAt(resolved, "nsa_decode_backend", "fa3"));
  }
  SetSpeculation(settings, resolved);
  return settings;
}

EngineSettings SglangDefaults(const ParallelLayout& layout, const ModelShape& shape) {
  EngineSettings settings{.layout = layout,
                          .ranks_in_lockstep = layout.attention_dp > 1,
                          .policy = SchedulerPolicy::Kind::kPrefillFirst,
                          .step_token_budget = 8192 / layout.attention_dp,
                          .conservativeness = layout.attention_dp > 1 ? 0.3 : 1,
                          .memory_fraction = 0.87};
  if (HasSparseAttention(shape)) {
    settings.page_size = 64;
    SetSparseAttention(settings, "flashmla_sparse", "fa3");
  }
  return settings;
}

}  // namespace redline::planner
