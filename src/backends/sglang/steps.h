// The steps of ServerArgs.__post_init__ and check_server_args, one function each, named as the
// engine's ("_handle_page_size" is HandlePageSize). Each changes `args` as the engine would;
// kInvalidArgument, naming the field, where the engine would end. resolver.cc has their order.
#pragma once

#include "backends/sglang/server_args.h"
#include "base/status.h"

namespace redline::backends::sglang {

// defaults.cc
Status HandleDeprecatedArgs(ServerArgs& args);
Status HandleMissingDefaultValues(ServerArgs& args);
Status HandleDeviceBackends(ServerArgs& args);  // _handle_hpu_backends, _handle_cpu_backends

// memory.cc
Status HandleGpuMemorySettings(ServerArgs& args);

// model_rules.cc; the first three are its larger cases, in files of their own
Status AdjustDeepSeek(const HfConfig& config, ServerArgs& args);
Status AdjustGptOss(const HfConfig& config, ServerArgs& args);
Status AdjustHybridAttention(const HfConfig& config, ServerArgs& args);
Status HandleModelSpecificAdjustments(ServerArgs& args);

// cache.cc
Status HandleHicache(ServerArgs& args);
Status HandleCacheCompatibility(ServerArgs& args);

// attention.cc
Status HandleSamplingBackend(ServerArgs& args);
Status HandleAttentionBackendCompatibility(ServerArgs& args);
Status HandlePageSize(ServerArgs& args);
Status HandleGrammarBackend(ServerArgs& args);

// parallelism.cc
Status HandleDataParallelism(ServerArgs& args);
Status HandlePipelineParallelism(ServerArgs& args);

// moe.cc
Status HandleMoeKernelConfig(ServerArgs& args);
Status HandleA2aMoe(ServerArgs& args);
Status HandleEplbAndDispatch(ServerArgs& args);
Status HandleExpertDistributionMetrics(ServerArgs& args);
Status HandleElasticEp(ServerArgs& args);

// speculative.cc
Status HandleSpeculativeDecoding(ServerArgs& args);

// serving.cc
Status HandleLoadFormat(ServerArgs& args);
Status HandleDisaggregation(ServerArgs& args);
Status HandleTokenizerBatching(ServerArgs& args);
Status HandleMetricsLabels(ServerArgs& args);
Status HandleRequestMetricsExporters(ServerArgs& args);
Status HandleOtherValidations(ServerArgs& args);

// special_modes.cc
Status HandleDeterministicInference(ServerArgs& args);
Status HandleDllmInference(ServerArgs& args);

// checks.cc: check_server_args in its order
Status CheckServerArgs(ServerArgs& args);
// lora.cc
Status CheckLoraServerArgs(ServerArgs& args);
// Whether what --lora-paths names can be read; the parser asks.
Status CheckLoraPaths(const ServerArgs& args);
// buckets.cc: validate_buckets_rule.
Status CheckBuckets(const ServerArgs& args, std::string_view field);

// notes.cc: what the engine does not say: flags that change nothing or cost speed.
void AppendNotes(const ServerArgs& args, EngineResolution& resolution);

}  // namespace redline::backends::sglang
