#include "backends/vllm/engine_config.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

template <typename T>
json OrNull(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json ModelGroup(const ModelConfig& model) {
  return {{"dtype", "torch." + model.dtype},
          {"max_model_len", model.max_model_len},
          {"quantization", OrNull(model.quantization)},
          {"tokenizer_mode", model.tokenizer_mode},
          {"enforce_eager", model.enforce_eager},
          {"runner_type", model.runner_type},
          {"use_mla", model.use_mla}};
}

json ParallelGroup(const ParallelConfig& parallel) {
  return {{"tensor_parallel_size", parallel.tensor_parallel_size},
          {"pipeline_parallel_size", parallel.pipeline_parallel_size},
          {"data_parallel_size", parallel.data_parallel_size},
          {"decode_context_parallel_size", parallel.decode_context_parallel_size},
          {"enable_expert_parallel", parallel.enable_expert_parallel},
          {"all2all_backend", parallel.all2all_backend},
          {"enable_eplb", parallel.enable_eplb},
          {"enable_dbo", parallel.enable_dbo},
          {"distributed_executor_backend", OrNull(parallel.distributed_executor_backend)},
          {"world_size", parallel.world_size},
          {"world_size_across_dp", parallel.world_size * parallel.data_parallel_size},
          {"disable_custom_all_reduce", parallel.disable_custom_all_reduce},
          {"worker_cls", parallel.worker_cls}};
}

json CacheGroup(const CacheConfig& cache) {
  return {{"block_size", OrNull(cache.block_size)},
          {"gpu_memory_utilization", cache.gpu_memory_utilization},
          {"cache_dtype", cache.cache_dtype},
          {"enable_prefix_caching", cache.enable_prefix_caching}};
}

json SchedulerGroup(const SchedulerConfig& scheduler) {
  return {{"max_num_batched_tokens", scheduler.max_num_batched_tokens},
          {"max_num_seqs", scheduler.max_num_seqs},
          {"enable_chunked_prefill", scheduler.enable_chunked_prefill},
          {"async_scheduling", scheduler.async_scheduling},
          {"policy", scheduler.policy},
          {"max_num_encoder_input_tokens", scheduler.max_num_batched_tokens}};
}

json PassGroup(const PassConfig& pass_config) {
  json group = {
      {"fi_allreduce_fusion_max_size_mb", OrNull(pass_config.fi_allreduce_fusion_max_size_mb)},
      {"enable_qk_norm_rope_fusion", pass_config.enable_qk_norm_rope_fusion}};
  for (const auto& [name, enabled] : pass_config.passes) group[name] = OrNull(enabled);
  return group;
}

json CompilationGroup(const CompilationConfig& compilation) {
  return {{"mode", OrNull(compilation.mode)},
          {"cudagraph_mode", OrNull(compilation.cudagraph_mode)},
          {"max_cudagraph_capture_size", OrNull(compilation.max_cudagraph_capture_size)},
          {"cudagraph_capture_sizes", OrNull(compilation.cudagraph_capture_sizes)},
          {"pass_config", PassGroup(compilation.pass_config)}};
}

json SpeculativeGroup(const std::optional<SpeculativeConfig>& speculative) {
  if (!speculative) return nullptr;
  return {{"method", speculative->method},
          {"num_speculative_tokens", speculative->num_speculative_tokens},
          {"model", speculative->model},
          {"draft_tensor_parallel_size", OrNull(speculative->draft_tensor_parallel_size)},
          {"disable_padded_drafter_batch", speculative->disable_padded_drafter_batch}};
}

}  // namespace

json ToJson(const EngineConfig& config) {
  return {{"model", ModelGroup(config.model)},
          {"parallel", ParallelGroup(config.parallel)},
          {"cache", CacheGroup(config.cache)},
          {"scheduler", SchedulerGroup(config.scheduler)},
          {"attention",
           {{"backend", OrNull(config.attention.backend)},
            {"flash_attn_version", OrNull(config.attention.flash_attn_version)}}},
          {"compilation", CompilationGroup(config.compilation)},
          {"speculative", SpeculativeGroup(config.speculative)},
          {"optimization_level", config.optimization_level}};
}

}  // namespace redline::backends::vllm
