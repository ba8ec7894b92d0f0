#include "backends/vllm/cache_config.h"

#include <fmt/format.h>

namespace redline::backends::vllm {
namespace {

Status CheckAtLeastZero(const ServeArguments& arguments, std::string_view dest) {
  if (arguments.Number(dest) >= 0) return OkStatus();
  return InvalidArgument(fmt::format("{} must not be negative", dest), std::string(dest));
}

Status CheckOffloading(const ServeArguments& arguments) {
  if (arguments.At("kv_offloading_backend").is_null() ||
      !arguments.At("kv_offloading_size").is_null())
    return OkStatus();
  return InvalidArgument("--kv-offloading-backend needs --kv-offloading-size",
                         "kv_offloading_backend");
}

Status CheckMambaBlocks(const ServeArguments& arguments) {
  const auto size = arguments.MaybeInt("mamba_block_size");
  if (!size || *size > 0) return OkStatus();
  return InvalidArgument("mamba_block_size must be positive", "mamba_block_size");
}

}  // namespace

Result<CacheConfig> CreateCacheConfig(const Context& context, bool enable_prefix_caching) {
  const ServeArguments& arguments = context.arguments;
  CacheConfig cache;
  cache.block_size = arguments.MaybeInt("block_size");
  cache.gpu_memory_utilization = arguments.Number("gpu_memory_utilization");
  cache.cache_dtype = arguments.Text("kv_cache_dtype");
  cache.enable_prefix_caching = enable_prefix_caching;
  if (!(cache.gpu_memory_utilization > 0 && cache.gpu_memory_utilization <= 1))
    return InvalidArgument(fmt::format("gpu_memory_utilization is {}; it must be above 0 and at "
                                       "most 1",
                                       cache.gpu_memory_utilization),
                           "gpu_memory_utilization");
  RL_RETURN_IF_ERROR(CheckAtLeastZero(arguments, "swap_space"));
  RL_RETURN_IF_ERROR(CheckAtLeastZero(arguments, "cpu_offload_gb"));
  RL_RETURN_IF_ERROR(CheckOffloading(arguments));
  RL_RETURN_IF_ERROR(CheckMambaBlocks(arguments));
  return cache;
}

void AdjustCacheToModel(const Context& context, const ModelConfig& model, CacheConfig* cache) {
  if (model.architecture != "DeepseekV32ForCausalLM") return;
  std::string dtype = cache->cache_dtype;
  if (dtype.starts_with("fp8")) dtype = "fp8_ds_mla";
  if (dtype == "bfloat16") dtype = "auto";
  context.notes->Rewrote("cache.cache_dtype", cache->cache_dtype, dtype,
                         "DeepSeek sparse attention has one fp8 format of its own, fp8_ds_mla, and "
                         "bfloat16 is its \"auto\"",
                         "models/config.py: DeepseekV32ForCausalLM.verify_and_update_config");
  cache->cache_dtype = dtype;
}

}  // namespace redline::backends::vllm
