#include "backends/sglang/resolver.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/sglang/server_args.h"
#include "backends/sglang/steps.h"
#include "base/strings.h"
#include "embedded/sglang_files.h"

namespace redline::backends::sglang {
namespace {

constexpr std::string_view kVersions[] = {"0.5.6.post2"};

struct Step {
  std::string_view name;  // the engine's, where rewrites say they come from
  Status (*run)(ServerArgs& args);
};

// ServerArgs.__post_init__. Steps for other devices and of the process's environment are left out.
constexpr Step kPostInit[] = {
    {"_handle_deprecated_args", HandleDeprecatedArgs},
    {"_handle_missing_default_values", HandleMissingDefaultValues},
    {"_handle_gpu_memory_settings", HandleGpuMemorySettings},
    {"_handle_cpu_backends", HandleDeviceBackends},
    {"_handle_model_specific_adjustments", HandleModelSpecificAdjustments},
    {"_handle_hicache", HandleHicache},
    {"_handle_sampling_backend", HandleSamplingBackend},
    {"_handle_attention_backend_compatibility", HandleAttentionBackendCompatibility},
    {"_handle_page_size", HandlePageSize},
    {"_handle_grammar_backend", HandleGrammarBackend},
    {"_handle_data_parallelism", HandleDataParallelism},
    {"_handle_moe_kernel_config", HandleMoeKernelConfig},
    {"_handle_a2a_moe", HandleA2aMoe},
    {"_handle_eplb_and_dispatch", HandleEplbAndDispatch},
    {"_handle_expert_distribution_metrics", HandleExpertDistributionMetrics},
    {"_handle_pipeline_parallelism", HandlePipelineParallelism},
    {"_handle_speculative_decoding", HandleSpeculativeDecoding},
    {"_handle_load_format", HandleLoadFormat},
    {"_handle_disaggregation", HandleDisaggregation},
    {"_handle_tokenizer_batching", HandleTokenizerBatching},
    {"_handle_cache_compatibility", HandleCacheCompatibility},
    {"_handle_metrics_labels", HandleMetricsLabels},
    {"_handle_deterministic_inference", HandleDeterministicInference},
    {"_handle_request_metrics_exporters", HandleRequestMetricsExporters},
    {"_handle_dllm_inference", HandleDllmInference},
    {"_handle_other_validations", HandleOtherValidations},
    {"_handle_elastic_ep", HandleElasticEp},
};

// The table of a version; every version of Resolver() has one.
const ArgumentTable& TableOf(std::string_view version) {
  static const ArgumentTables tables = ArgumentTablesIn(embedded::sglang_files());
  return tables.find(version)->second;
}

EngineResolution Refused(const ServerArgs* args, std::string stage, const Status& status) {
  EngineResolution resolution;
  if (args != nullptr) resolution.warnings = args->warnings();
  resolution.error = Refusal{std::move(stage), status.message(), status.param()};
  return resolution;
}

// "none" and "dummy" are left as they are by __post_init__, and cannot be served.
bool IsDummy(const ServerArgs& args) {
  const std::string path = ToLower(args.Text("model_path"));
  return path == "none" || path == "dummy";
}

Status RunPostInit(ServerArgs& args) {
  for (const Step& step : kPostInit) {
    args.Enter(step.name);
    RL_RETURN_IF_ERROR(step.run(args));
  }
  args.Enter("check_server_args");
  return OkStatus();
}

EngineResolution Resolve(const ResolveRequest& request) {
  const auto parsed = ParseArguments(TableOf(request.version), request.arguments);
  if (!parsed.ok()) return Refused(nullptr, "argparse", parsed.status());
  ServerArgs args(request, *parsed);
  if (const Status status = CheckLoraPaths(args); !status.ok())
    return Refused(&args, "argparse", status);
  if (IsDummy(args))
    return Refused(
        &args, "check_server_args",
        InvalidArgument(fmt::format("--model-path {} is no model", args.Text("model_path")),
                        "model_path"));
  if (const Status status = RunPostInit(args); !status.ok())
    return Refused(&args, "post_init", status);
  const Status status = CheckServerArgs(args);
  EngineResolution resolution{.resolved = args.Resolved(),
                              .rewritten = args.Rewritten(),
                              .warnings = args.warnings(),
                              .costs = {},
                              .error = {}};
  if (!status.ok())
    resolution.error = Refusal{"check_server_args", status.message(), status.param()};
  AppendNotes(args, resolution);
  return resolution;
}

std::string ModelOf(const ResolveRequest& request) {
  const auto parsed = ParseArguments(TableOf(request.version), request.arguments);
  if (!parsed.ok()) return "";
  const nlohmann::json& path = parsed->values["model_path"];
  return path.is_string() ? path.get<std::string>() : "";
}

Placement PlacementOf(const EngineResolution& resolution) {
  const nlohmann::json& args = resolution.resolved;
  Placement placement{.tp_size = args.value("tp_size", int64_t{1}),
                      .pp_size = args.value("pp_size", int64_t{1}),
                      .dp_size = args.value("dp_size", int64_t{1}),
                      .memory_flag = "mem_fraction_static"};
  const bool dp_attention = args.value("enable_dp_attention", false);
  placement.attention_tp_size =
      placement.tp_size / (dp_attention ? std::max<int64_t>(placement.dp_size, 1) : 1);
  placement.expert_group_size = placement.tp_size;
  placement.num_gpus =
      ProductOfSizes({placement.tp_size, placement.pp_size, dp_attention ? 1 : placement.dp_size});
  if (args["mem_fraction_static"].is_number())
    placement.memory_fraction = args["mem_fraction_static"].get<double>();
  if (args["kv_cache_dtype"].is_string())
    placement.kv_cache_dtype = args["kv_cache_dtype"].get<std::string>();
  return placement;
}

}  // namespace

EngineResolver Resolver() {
  return {.name = "sglang",
          .versions = kVersions,
          .table = TableOf,
          .model_of = ModelOf,
          .resolve = Resolve,
          .placement = PlacementOf,
          .field_of = nullptr,
          .program = [](const std::string& model_path) -> std::vector<std::string> {
            return {"python3", "-m", "sglang.launch_server", "--model-path", model_path};
          }};
}

}  // namespace redline::backends::sglang
