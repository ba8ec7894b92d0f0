#include "backends/vllm/feature_checks.h"

#include <fmt/format.h>

#include "backends/vllm/compilation_config.h"
#include "backends/vllm/speculative_config.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

bool IsEagleKind(const std::string& method) {
  return method == "eagle" || method == "eagle3" || method == "mtp";
}

Status NotSupported(std::string_view what, std::string param) {
  return InvalidArgument(fmt::format("vLLM does not support {}; leave it out", what),
                         std::move(param));
}

}  // namespace

// engine/arg_utils.py: EngineArgs._check_feature_supported.
Status CheckFeatures(const Context& context) {
  const ServeArguments& arguments = context.arguments;
  if (!arguments.At("logits_processor_pattern").is_null())
    return NotSupported("--logits-processor-pattern", "logits_processor_pattern");
  for (const char* dest : {"max_num_partial_prefills", "max_long_partial_prefills"})
    if (arguments.Int(dest) != 1) return NotSupported("concurrent partial prefills", dest);
  RL_RETURN_IF_ERROR(CheckSpeculativeSupported(context));
  const std::string executor = arguments.Text("distributed_executor_backend");
  if (arguments.Int("pipeline_parallel_size") <= 1 || executor.empty() || executor == "ray" ||
      executor == "mp" || executor == "external_launcher")
    return OkStatus();
  return NotSupported(fmt::format("pipeline parallelism with the executor \"{}\"", executor),
                      "distributed_executor_backend");
}

// engine/arg_utils.py: EngineArgs.create_engine_config.
Status CheckContextParallelDivides(const Context& context) {
  const int64_t size = context.arguments.Int("decode_context_parallel_size");
  const int64_t group = context.arguments.Int("tensor_parallel_size");
  if (size != 0 && group % size == 0) return OkStatus();
  return InvalidArgument(fmt::format("decode_context_parallel_size ({}) must divide "
                                     "tensor_parallel_size ({})",
                                     size, group),
                         "decode_context_parallel_size");
}

// config/lora.py: LoRAConfig, and EngineArgs.create_engine_config.
Status CheckLora(const Context& context, const EngineConfig& config) {
  const ServeArguments& arguments = context.arguments;
  const json& per_modality = arguments.At("default_mm_loras");
  if (per_modality.is_object() && !per_modality.empty() && !config.model.is_multimodal)
    return InvalidArgument("--default-mm-loras needs a multimodal model", "default_mm_loras");
  if (!arguments.Flag("enable_lora")) return OkStatus();
  const int64_t max_loras = arguments.Int("max_loras");
  if (max_loras < 1) return InvalidArgument("max_loras must be at least 1", "max_loras");
  const int64_t on_cpu = arguments.Int("max_cpu_loras");
  if (on_cpu > 0 && on_cpu < max_loras)
    return InvalidArgument(
        fmt::format("max_cpu_loras ({}) must be at least max_loras ({})", on_cpu, max_loras),
        "max_cpu_loras");
  if (!config.speculative) return OkStatus();
  const int64_t decoded =
      config.scheduler.max_num_seqs * (config.speculative->num_speculative_tokens + 1);
  if (config.scheduler.max_num_batched_tokens >= decoded) return OkStatus();
  return InvalidArgument(
      fmt::format("with LoRA and speculative decoding max_num_batched_tokens must be at least {}",
                  decoded),
      "max_num_batched_tokens");
}

// config/observability.py: ObservabilityConfig.
Status CheckObservability(const Context& context) {
  const ServeArguments& arguments = context.arguments;
  const double sample = arguments.Number("kv_cache_metrics_sample");
  if (!(sample > 0 && sample <= 1))
    return InvalidArgument("kv_cache_metrics_sample must be above 0 and at most 1",
                           "kv_cache_metrics_sample");
  const std::string version = arguments.Text("show_hidden_metrics_for_version");
  if (!version.empty() && version.find_first_of("0123456789") > (version[0] == 'v' ? 1U : 0U))
    return InvalidArgument(
        fmt::format("--show-hidden-metrics-for-version \"{}\" is no version", Excerpt(version)),
        "show_hidden_metrics_for_version");
  if (arguments.At("collect_detailed_traces").is_null() ||
      !arguments.At("otlp_traces_endpoint").is_null())
    return OkStatus();
  return InvalidArgument("--collect-detailed-traces needs --otlp-traces-endpoint",
                         "collect_detailed_traces");
}

// config/vllm.py: VllmConfig.__post_init__.
Status CheckAsyncScheduling(const EngineConfig& config) {
  constexpr const char* kParam = "async_scheduling";
  if (!config.scheduler.async_scheduling) return OkStatus();
  if (config.parallel.pipeline_parallel_size > 1)
    return InvalidArgument("--async-scheduling does not work with pipeline parallelism yet",
                           kParam);
  if (config.speculative && !IsEagleKind(config.speculative->method))
    return InvalidArgument(fmt::format("--async-scheduling works with eagle and mtp drafts, not "
                                       "with \"{}\"",
                                       config.speculative->method),
                           kParam);
  if (config.speculative && config.speculative->disable_padded_drafter_batch)
    return InvalidArgument("--async-scheduling needs disable_padded_drafter_batch false", kParam);
  const std::string executor = config.parallel.distributed_executor_backend.value_or("");
  if (executor == "mp" || executor == "uni" || executor == "external_launcher") return OkStatus();
  return InvalidArgument(fmt::format("--async-scheduling needs the executor mp, uni or "
                                     "external_launcher, not \"{}\"",
                                     executor),
                         kParam);
}

// config/vllm.py: VllmConfig.__post_init__.
Status CheckFastPrefill(const Context& context, const EngineConfig& config) {
  if (!context.arguments.Flag("kv_sharing_fast_prefill")) return OkStatus();
  if (config.speculative && IsEagleKind(config.speculative->method))
    return InvalidArgument("--kv-sharing-fast-prefill does not work with eagle and mtp drafts",
                           "kv_sharing_fast_prefill");
  context.notes->Warn("--kv-sharing-fast-prefill saves nothing unless the model supports it");
  return OkStatus();
}

// config/vllm.py: VllmConfig.__post_init__: the KV cache that ranks share is dealt out in pieces.
Status CheckInterleaving(const Context& context, EngineConfig* config) {
  ParallelConfig& parallel = config->parallel;
  if (parallel.decode_context_parallel_size <= 1) return OkStatus();
  const int64_t older = context.arguments.Int("dcp_kv_cache_interleave_size");
  if (older > 1 && older != parallel.cp_kv_cache_interleave_size) {
    context.notes->Warn("--dcp-kv-cache-interleave-size overrides --cp-kv-cache-interleave-size");
    parallel.cp_kv_cache_interleave_size = older;
  }
  const int64_t piece = parallel.cp_kv_cache_interleave_size;
  const int64_t block = config->cache.block_size.value_or(0);
  if (piece != 0 && piece <= block && block % piece == 0) return OkStatus();
  return InvalidArgument(
      fmt::format("cp_kv_cache_interleave_size ({}) must divide the block size ({})", piece, block),
      "cp_kv_cache_interleave_size");
}

// config/vllm.py: VllmConfig.__post_init__.
Status CheckDualBatchOverlap(const Context& context, EngineConfig* config) {
  if (!config->parallel.enable_dbo) return OkStatus();
  if (!config->parallel.all2all_backend.starts_with("deepep_"))
    return InvalidArgument(fmt::format("--enable-dbo needs --all2all-backend deepep_low_latency or "
                                       "deepep_high_throughput, not {}",
                                       config->parallel.all2all_backend),
                           "enable_dbo");
  if (!config->model.disable_cascade_attn)
    context.notes->Warn("--enable-dbo switches cascade attention off");
  config->model.disable_cascade_attn = true;
  return OkStatus();
}

// config/vllm.py: VllmConfig.__post_init__.
Status CheckHybridManager(const Context& context, const EngineConfig& config) {
  const ServeArguments& arguments = context.arguments;
  const json& disable = arguments.At("disable_hybrid_kv_cache_manager");
  const bool chunks = !config.model.hf_text_config.value("attention_chunk_size", json()).is_null();
  const auto allowed = context.Environment("VLLM_ALLOW_CHUNKED_LOCAL_ATTN_WITH_HYBRID_KV_CACHE");
  const bool drafts = config.speculative && IsEagleKind(config.speculative->method);
  const bool must_disable = !arguments.At("kv_events_config").is_null() ||
                            (chunks && (drafts || allowed.value_or("0") != "1"));
  if (disable.is_null() && !arguments.At("kv_transfer_config").is_null())
    context.notes->Warn("--kv-transfer-config switches the hybrid KV cache manager off");
  if (disable != false || !must_disable) return OkStatus();
  return InvalidArgument(
      "--no-disable-hybrid-kv-cache-manager: the hybrid manager works neither "
      "with KV events nor with chunked local attention; leave the flag out",
      "disable_hybrid_kv_cache_manager");
}

}  // namespace redline::backends::vllm
