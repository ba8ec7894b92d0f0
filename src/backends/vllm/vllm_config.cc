#include "backends/vllm/vllm_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/vllm/attention_config.h"
#include "backends/vllm/cache_config.h"
#include "backends/vllm/compilation_config.h"
#include "backends/vllm/cuda_platform.h"
#include "backends/vllm/cudagraph_sizes.h"
#include "backends/vllm/feature_checks.h"
#include "backends/vllm/model_config.h"
#include "backends/vllm/names.h"
#include "backends/vllm/parallel_config.h"
#include "backends/vllm/quantization.h"
#include "backends/vllm/scheduler_config.h"
#include "backends/vllm/speculative_config.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

// config/vllm.py: OptimizationLevel, by number.
Result<int64_t> OptimizationLevel(const ServeArguments& arguments) {
  const json& asked = arguments.At("optimization_level");
  const auto level = asked.is_string() ? ParseInt64(Trim(asked.get<std::string>()))
                                       : arguments.MaybeInt("optimization_level");
  if (level && *level >= 0 && *level <= 3) return *level;
  return InvalidArgument(
      fmt::format("the optimization level is {}; it must be 0, 1, 2 or 3", Excerpt(asked.dump())),
      "optimization_level");
}

// models/config.py: GptOssForCausalLMConfig.
void RaiseCaptureSizeOfGptOss(const Context& context, EngineConfig* config) {
  CompilationConfig& compilation = config->compilation;
  if (config->model.architecture != "GptOssForCausalLM" || compilation.cudagraph_capture_sizes ||
      compilation.max_cudagraph_capture_size)
    return;
  compilation.max_cudagraph_capture_size = 1024;
  context.notes->Rewrote("compilation.max_cudagraph_capture_size", nullptr, 1024,
                         "gpt-oss captures up to 1024 for speed",
                         "models/config.py: GptOssForCausalLMConfig.verify_and_update_config");
}

// models/config.py: HybridAttentionMambaModelConfig. The block size follows from the shapes of the
// model's states, which config.json does not tell.
void AdjustToStates(const Context& context, EngineConfig* config) {
  if (!config->model.is_hybrid && !config->model.is_attention_free) return;
  config->model.disable_cascade_attn = true;
  if (config->model.is_hybrid)
    context.notes->Warn(
        "this model mixes attention and states; vLLM may choose a larger block size "
        "than shown here");
}

// EngineArgs.create_engine_config up to the constructor of VllmConfig.
Status CreateParts(const Context& context, EngineConfig* config) {
  RL_ASSIGN_OR_RETURN(config->model, CreateModelConfig(context));
  const ModelConfig& model = config->model;
  RL_RETURN_IF_ERROR(CheckFeatures(context));
  config->scheduler = DefaultScheduler(context, model);
  const bool prefix_caching = DefaultPrefixCaching(context, model);
  RL_RETURN_IF_ERROR(CheckContextParallelDivides(context));
  RL_ASSIGN_OR_RETURN(config->cache, CreateCacheConfig(context, prefix_caching));
  RL_ASSIGN_OR_RETURN(config->parallel, CreateParallelConfig(context));
  RL_ASSIGN_OR_RETURN(config->speculative,
                      CreateSpeculativeConfig(context, model, config->parallel));
  RL_RETURN_IF_ERROR(FinishScheduler(context, model, &config->scheduler));
  RL_RETURN_IF_ERROR(CheckLora(context, *config));
  RL_RETURN_IF_ERROR(CheckObservability(context));
  RL_ASSIGN_OR_RETURN(config->attention, CreateAttentionConfig(context));
  RL_ASSIGN_OR_RETURN(config->compilation, CreateCompilationConfig(context));
  RL_ASSIGN_OR_RETURN(config->optimization_level, OptimizationLevel(context.arguments));
  return OkStatus();
}

// config/vllm.py: VllmConfig.__post_init__.
Status PutTogether(const Context& context, EngineConfig* config) {
  AdjustCacheToModel(context, config->model, &config->cache);
  RaiseCaptureSizeOfGptOss(context, config);
  AdjustToStates(context, config);
  RL_RETURN_IF_ERROR(VerifyModelWithParallel(config->model, config->parallel));
  if (config->model.quantization)
    RL_RETURN_IF_ERROR(CheckQuantization(*config->model.quantization,
                                         context.hardware.compute_capability, config->model.dtype));
  RL_RETURN_IF_ERROR(CheckAsyncScheduling(*config));
  ApplyOptimizationLevel(context, config);
  LimitCudagraphsToModel(context, config);
  RL_RETURN_IF_ERROR(SetCaptureSizes(context, config));
  RL_RETURN_IF_ERROR(CheckFastPrefill(context, *config));
  ApplyCudaPlatform(context, config);
  RL_RETURN_IF_ERROR(CheckInterleaving(context, config));
  RL_RETURN_IF_ERROR(SetSplittingOps(context, config));
  RL_RETURN_IF_ERROR(CheckDualBatchOverlap(context, config));
  return CheckHybridManager(context, *config);
}

}  // namespace

Result<EngineConfig> CreateEngineConfig(const Context& context) {
  EngineConfig config;
  RL_RETURN_IF_ERROR(CreateParts(context, &config));
  RL_RETURN_IF_ERROR(PutTogether(context, &config));
  return config;
}

}  // namespace redline::backends::vllm
