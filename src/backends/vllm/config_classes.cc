#include "backends/vllm/config_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "backends/vllm/names.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;
using Kind = ConfigField::Kind;
using Texts = std::string_view;

constexpr std::array<Texts, 2> kSaveFormats = {"binary", "unpacked"};
constexpr std::array<Texts, 3> kShapeTypes = {"backed", "unbacked", "backed_size_oblivious"};
constexpr std::array<Texts, 5> kGrammarBackends = {"auto", "xgrammar", "guidance", "outlines",
                                                   "lm-format-enforcer"};
constexpr std::array<Texts, 2> kProfilers = {"torch", "cuda"};
constexpr std::array<Texts, 1> kEplbPolicies = {"default"};
constexpr std::array<Texts, 3> kKvRoles = {"kv_producer", "kv_both", "kv_consumer"};
constexpr std::array<Texts, 2> kLoadFailurePolicies = {"recompute", "fail"};
constexpr std::array<Texts, 2> kEcRoles = {"ec_producer", "ec_consumer"};
constexpr std::array<Texts, 2> kPublishers = {"null", "zmq"};
constexpr std::array<Texts, 5> kPoolingTypes = {"LAST", "ALL", "CLS", "STEP", "MEAN"};

constexpr auto kPassFields = std::to_array<ConfigField>({
    {.name = "fuse_norm_quant", .kind = Kind::kBool, .nullable = true},
    {.name = "fuse_act_quant", .kind = Kind::kBool, .nullable = true},
    {.name = "fuse_attn_quant", .kind = Kind::kBool, .nullable = true},
    {.name = "eliminate_noops", .kind = Kind::kBool, .nullable = true},
    {.name = "enable_sp", .kind = Kind::kBool, .nullable = true},
    {.name = "fuse_gemm_comms", .kind = Kind::kBool, .nullable = true},
    {.name = "fuse_allreduce_rms", .kind = Kind::kBool, .nullable = true},
    {.name = "fi_allreduce_fusion_max_size_mb", .kind = Kind::kFloat, .nullable = true},
    {.name = "enable_qk_norm_rope_fusion", .kind = Kind::kBool},
});
constexpr ConfigClass kPassConfig = {"PassConfig", true, kPassFields};

constexpr auto kDynamicShapesFields = std::to_array<ConfigField>({
    {.name = "type", .kind = Kind::kString, .choices = kShapeTypes},
    {.name = "evaluate_guards", .kind = Kind::kBool},
});
constexpr ConfigClass kDynamicShapesConfig = {"DynamicShapesConfig", true, kDynamicShapesFields};

constexpr auto kCompilationFields = std::to_array<ConfigField>({
    {.name = "level", .kind = Kind::kInt, .nullable = true},
    {.name = "mode", .nullable = true},
    {.name = "debug_dump_path", .kind = Kind::kString, .nullable = true},
    {.name = "cache_dir", .kind = Kind::kString},
    {.name = "compile_cache_save_format", .kind = Kind::kString, .choices = kSaveFormats},
    {.name = "backend", .kind = Kind::kString},
    {.name = "custom_ops", .kind = Kind::kStrings},
    {.name = "splitting_ops", .kind = Kind::kStrings, .nullable = true},
    {.name = "compile_mm_encoder", .kind = Kind::kBool},
    {.name = "compile_sizes", .kind = Kind::kList, .nullable = true},
    {.name = "compile_ranges_split_points", .kind = Kind::kInts, .nullable = true},
    {.name = "inductor_compile_config", .kind = Kind::kObject},
    {.name = "inductor_passes", .kind = Kind::kObject},
    {.name = "cudagraph_mode", .nullable = true},
    {.name = "cudagraph_num_of_warmups", .kind = Kind::kInt},
    {.name = "cudagraph_capture_sizes", .kind = Kind::kInts, .nullable = true},
    {.name = "cudagraph_copy_inputs", .kind = Kind::kBool},
    {.name = "cudagraph_specialize_lora", .kind = Kind::kBool},
    {.name = "use_inductor_graph_partition", .kind = Kind::kBool, .nullable = true},
    {.name = "pass_config", .kind = Kind::kClass, .nested = &kPassConfig},
    {.name = "max_cudagraph_capture_size", .kind = Kind::kInt, .nullable = true},
    {.name = "dynamic_shapes_config", .kind = Kind::kClass, .nested = &kDynamicShapesConfig},
});
constexpr ConfigClass kCompilationConfig = {"CompilationConfig", true, kCompilationFields};

constexpr auto kAttentionFields = std::to_array<ConfigField>({
    {.name = "backend", .kind = Kind::kString, .nullable = true},
    {.name = "flash_attn_version", .nullable = true},
    {.name = "use_prefill_decode_attention", .kind = Kind::kBool},
    {.name = "flash_attn_max_num_splits_for_cuda_graph", .kind = Kind::kInt},
    {.name = "use_cudnn_prefill", .kind = Kind::kBool},
    {.name = "use_trtllm_ragged_deepseek_prefill", .kind = Kind::kBool},
    {.name = "use_trtllm_attention", .kind = Kind::kBool, .nullable = true},
    {.name = "disable_flashinfer_prefill", .kind = Kind::kBool},
    {.name = "disable_flashinfer_q_quantization", .kind = Kind::kBool},
});
constexpr ConfigClass kAttentionConfig = {"AttentionConfig", false, kAttentionFields};

constexpr auto kStructuredOutputsFields = std::to_array<ConfigField>({
    {.name = "backend", .kind = Kind::kString, .choices = kGrammarBackends},
    {.name = "disable_fallback", .kind = Kind::kBool},
    {.name = "disable_any_whitespace", .kind = Kind::kBool},
    {.name = "disable_additional_properties", .kind = Kind::kBool},
    {.name = "reasoning_parser", .kind = Kind::kString},
    {.name = "reasoning_parser_plugin", .kind = Kind::kString},
    {.name = "enable_in_reasoning", .kind = Kind::kBool},
});
constexpr ConfigClass kStructuredOutputsConfig = {"StructuredOutputsConfig", false,
                                                  kStructuredOutputsFields};

constexpr auto kProfilerFields = std::to_array<ConfigField>({
    {.name = "profiler", .kind = Kind::kString, .nullable = true, .choices = kProfilers},
    {.name = "torch_profiler_dir", .kind = Kind::kString},
    {.name = "torch_profiler_with_stack", .kind = Kind::kBool},
    {.name = "torch_profiler_with_flops", .kind = Kind::kBool},
    {.name = "torch_profiler_use_gzip", .kind = Kind::kBool},
    {.name = "torch_profiler_dump_cuda_time_total", .kind = Kind::kBool},
    {.name = "torch_profiler_record_shapes", .kind = Kind::kBool},
    {.name = "torch_profiler_with_memory", .kind = Kind::kBool},
    {.name = "ignore_frontend", .kind = Kind::kBool},
    {.name = "delay_iterations", .kind = Kind::kInt, .least = 0},
    {.name = "max_iterations", .kind = Kind::kInt, .least = 0},
});
constexpr ConfigClass kProfilerConfig = {"ProfilerConfig", false, kProfilerFields};

constexpr auto kEplbFields = std::to_array<ConfigField>({
    {.name = "window_size", .kind = Kind::kInt},
    {.name = "step_interval", .kind = Kind::kInt},
    {.name = "num_redundant_experts", .kind = Kind::kInt, .least = 0},
    {.name = "log_balancedness", .kind = Kind::kBool},
    {.name = "use_async", .kind = Kind::kBool},
    {.name = "policy", .kind = Kind::kString, .choices = kEplbPolicies},
});
constexpr ConfigClass kEplbConfig = {"EPLBConfig", false, kEplbFields};

constexpr auto kKvTransferFields = std::to_array<ConfigField>({
    {.name = "kv_connector", .kind = Kind::kString, .nullable = true},
    {.name = "engine_id", .kind = Kind::kString, .nullable = true},
    {.name = "kv_buffer_device", .kind = Kind::kString},
    {.name = "kv_buffer_size", .kind = Kind::kFloat},
    {.name = "kv_role", .kind = Kind::kString, .nullable = true, .choices = kKvRoles},
    {.name = "kv_rank", .kind = Kind::kInt, .nullable = true},
    {.name = "kv_parallel_size", .kind = Kind::kInt},
    {.name = "kv_ip", .kind = Kind::kString},
    {.name = "kv_port", .kind = Kind::kInt},
    {.name = "kv_connector_extra_config", .kind = Kind::kObject},
    {.name = "kv_connector_module_path", .kind = Kind::kString, .nullable = true},
    {.name = "enable_permute_local_kv", .kind = Kind::kBool},
    {.name = "kv_load_failure_policy", .kind = Kind::kString, .choices = kLoadFailurePolicies},
});
constexpr ConfigClass kKvTransferConfig = {"KVTransferConfig", false, kKvTransferFields};

constexpr auto kEcTransferFields = std::to_array<ConfigField>({
    {.name = "ec_connector", .kind = Kind::kString, .nullable = true},
    {.name = "engine_id", .kind = Kind::kString, .nullable = true},
    {.name = "ec_buffer_device", .kind = Kind::kString, .nullable = true},
    {.name = "ec_buffer_size", .kind = Kind::kFloat},
    {.name = "ec_role", .kind = Kind::kString, .nullable = true, .choices = kEcRoles},
    {.name = "ec_rank", .kind = Kind::kInt, .nullable = true},
    {.name = "ec_parallel_size", .kind = Kind::kInt},
    {.name = "ec_ip", .kind = Kind::kString},
    {.name = "ec_port", .kind = Kind::kInt},
    {.name = "ec_connector_extra_config", .kind = Kind::kObject},
    {.name = "ec_connector_module_path", .kind = Kind::kString, .nullable = true},
});
constexpr ConfigClass kEcTransferConfig = {"ECTransferConfig", false, kEcTransferFields};

constexpr auto kKvEventsFields = std::to_array<ConfigField>({
    {.name = "enable_kv_cache_events", .kind = Kind::kBool},
    {.name = "publisher", .kind = Kind::kString, .choices = kPublishers},
    {.name = "endpoint", .kind = Kind::kString},
    {.name = "replay_endpoint", .kind = Kind::kString, .nullable = true},
    {.name = "buffer_steps", .kind = Kind::kInt},
    {.name = "hwm", .kind = Kind::kInt},
    {.name = "max_queue_size", .kind = Kind::kInt},
    {.name = "topic", .kind = Kind::kString},
});
constexpr ConfigClass kKvEventsConfig = {"KVEventsConfig", false, kKvEventsFields};

constexpr auto kPoolerFields = std::to_array<ConfigField>({
    {.name = "pooling_type", .kind = Kind::kString, .nullable = true, .choices = kPoolingTypes},
    {.name = "normalize", .kind = Kind::kBool, .nullable = true},
    {.name = "dimensions", .kind = Kind::kInt, .nullable = true},
    {.name = "enable_chunked_processing", .kind = Kind::kBool, .nullable = true},
    {.name = "max_embed_len", .kind = Kind::kInt, .nullable = true},
    {.name = "softmax", .kind = Kind::kFloat, .nullable = true},
    {.name = "activation", .kind = Kind::kFloat, .nullable = true},
    {.name = "use_activation", .kind = Kind::kBool, .nullable = true},
    {.name = "logit_bias", .kind = Kind::kFloat, .nullable = true},
    {.name = "step_tag_id", .kind = Kind::kInt, .nullable = true},
    {.name = "returned_token_ids", .kind = Kind::kInts, .nullable = true},
});
constexpr ConfigClass kPoolerConfig = {"PoolerConfig", false, kPoolerFields};

constexpr auto kSpeculativeFields = std::to_array<ConfigField>({
    {.name = "enforce_eager", .kind = Kind::kBool, .nullable = true},
    {.name = "num_speculative_tokens", .kind = Kind::kInt, .least = 1},
    {.name = "model", .kind = Kind::kString, .nullable = true},
    {.name = "method", .kind = Kind::kString, .nullable = true, .choices = kSpeculativeMethods},
    {.name = "draft_tensor_parallel_size", .kind = Kind::kInt, .nullable = true, .least = 1},
    {.name = "quantization",
     .kind = Kind::kString,
     .nullable = true,
     .choices = kQuantizationMethods},
    {.name = "max_model_len", .kind = Kind::kInt, .nullable = true, .least = 1},
    {.name = "revision", .kind = Kind::kString, .nullable = true},
    {.name = "code_revision", .kind = Kind::kString, .nullable = true},
    {.name = "disable_by_batch_size", .kind = Kind::kInt, .nullable = true, .least = 2},
    {.name = "disable_padded_drafter_batch", .kind = Kind::kBool},
    {.name = "prompt_lookup_max", .kind = Kind::kInt, .nullable = true, .least = 1},
    {.name = "prompt_lookup_min", .kind = Kind::kInt, .nullable = true, .least = 1},
    {.name = "speculative_token_tree", .kind = Kind::kString, .nullable = true},
    {.name = "suffix_decoding_max_tree_depth", .kind = Kind::kInt},
    {.name = "suffix_decoding_max_cached_requests", .kind = Kind::kInt},
    {.name = "suffix_decoding_max_spec_factor", .kind = Kind::kFloat},
    {.name = "suffix_decoding_min_token_prob", .kind = Kind::kFloat},
});
constexpr ConfigClass kSpeculativeConfig = {"SpeculativeConfig", false, kSpeculativeFields};

// A name in any case, or its number: both become the number. Follows validate_mode_before.
Status ReadMode(json* config) {
  json& mode = (*config)["mode"];
  if (mode.is_string()) {
    const auto number = IndexOf(kCompilationModes, ToUpper(mode.get<std::string>()));
    if (number) mode = *number;
  }
  if (mode.is_null()) mode = config->value("level", json());
  const bool known =
      mode.is_null() || (mode.is_number_integer() && mode >= 0 && mode < kCompilationModes.size());
  if (known) return OkStatus();
  return InvalidArgument(fmt::format("mode is {}; it must be 0 to 3 or one of {}",
                                     Excerpt(mode.dump()), Listed(kCompilationModes)));
}

// Follows validate_cudagraph_mode_before; the first three modes have numbers too.
Status ReadCudagraphMode(json* config) {
  json& mode = (*config)["cudagraph_mode"];
  if (mode.is_null()) return OkStatus();
  std::string name = mode.is_string() ? ToUpper(mode.get<std::string>()) : "";
  if (mode.is_number_integer() && mode >= 0 && mode <= 2)
    name = kCudagraphModes[mode.get<size_t>()];
  if (!IndexOf(kCudagraphModes, name))
    return InvalidArgument(fmt::format("cudagraph_mode is {}; it must be one of {}",
                                       Excerpt(mode.dump()), Listed(kCudagraphModes)));
  mode = name;
  return OkStatus();
}

Status CheckCustomOps(const std::vector<std::string>& ops) {
  int64_t num_bases = 0;
  for (const std::string& op : ops) {
    const bool is_base = op == "all" || op == "none";
    num_bases += is_base ? 1 : 0;
    if (!is_base && !op.starts_with('+') && !op.starts_with('-'))
      return InvalidArgument(fmt::format(
          "custom op \"{}\" must be all, none, or an op's name behind + or -", Excerpt(op)));
  }
  if (num_bases <= 1) return OkStatus();
  return InvalidArgument("custom_ops can hold \"all\" or \"none\" once");
}

// config/compilation.py: CompilationConfig.__post_init__ and its validators.
Status CheckCompilation(json* config) {
  RL_RETURN_IF_ERROR(ReadMode(config));
  RL_RETURN_IF_ERROR(ReadCudagraphMode(config));
  RL_RETURN_IF_ERROR(CheckCustomOps(config->value("custom_ops", std::vector<std::string>())));
  const std::string backend = config->value("backend", "");
  if ((*config)["mode"] == 3 && !backend.empty() && backend != "eager" && backend != "inductor")
    return InvalidArgument(fmt::format(
        "backend is \"{}\"; piecewise compilation (mode 3) takes eager or inductor", backend));
  return OkStatus();
}

// config/attention.py: AttentionConfig.validate_backend_before.
Status CheckAttention(json* config) {
  json& backend = (*config)["backend"];
  if (backend.is_string()) {
    RL_ASSIGN_OR_RETURN(backend, AttentionBackendOf(backend.get<std::string>()));
  }
  const json version = config->value("flash_attn_version", json());
  if (version.is_null() || version == 2 || version == 3) return OkStatus();
  return InvalidArgument(
      fmt::format("flash_attn_version is {}; it must be 2 or 3", Excerpt(version.dump())));
}

// config/structured_outputs.py: _validate_structured_output_config.
Status CheckStructuredOutputs(json* config) {
  const std::string backend = config->value("backend", "auto");
  if (config->value("disable_any_whitespace", false) && backend != "xgrammar" &&
      backend != "guidance")
    return InvalidArgument("disable_any_whitespace needs backend xgrammar or guidance");
  if (config->value("disable_additional_properties", false) && backend != "guidance")
    return InvalidArgument("disable_additional_properties needs backend guidance");
  return OkStatus();
}

// config/profiler.py: _validate_profiler_config.
Status CheckProfiler(json* config) {
  const std::string directory = config->value("torch_profiler_dir", "");
  const bool is_torch = config->value("profiler", json()) == "torch";
  if (directory.empty() == !is_torch) return OkStatus();
  return InvalidArgument("torch_profiler_dir and profiler \"torch\" need each other");
}

// config/kv_transfer.py and config/ec_transfer.py: __post_init__.
Status CheckConnector(std::string_view prefix, const json& config) {
  const std::string connector = fmt::format("{}_connector", prefix);
  const std::string role = fmt::format("{}_role", prefix);
  if (config.value(connector, json()).is_null() || !config.value(role, json()).is_null())
    return OkStatus();
  return InvalidArgument(fmt::format("{} needs {}", connector, role));
}
Status CheckKvTransfer(json* config) { return CheckConnector("kv", *config); }
Status CheckEcTransfer(json* config) { return CheckConnector("ec", *config); }

struct ConfigArgument {
  std::string_view dest;
  const ConfigClass* config_class;
  Status (*check)(json* config);
};
constexpr auto kConfigArguments = std::to_array<ConfigArgument>({
    {"compilation_config", &kCompilationConfig, CheckCompilation},
    {"attention_config", &kAttentionConfig, CheckAttention},
    {"structured_outputs_config", &kStructuredOutputsConfig, CheckStructuredOutputs},
    {"profiler_config", &kProfilerConfig, CheckProfiler},
    {"eplb_config", &kEplbConfig, nullptr},
    {"kv_transfer_config", &kKvTransferConfig, CheckKvTransfer},
    {"ec_transfer_config", &kEcTransferConfig, CheckEcTransfer},
    {"kv_events_config", &kKvEventsConfig, nullptr},
    {"pooler_config", &kPoolerConfig, nullptr},
});

}  // namespace

const ConfigClass& SpeculativeConfigClass() { return kSpeculativeConfig; }

Result<json> ReadConfigArgument(std::string_view dest, const json& value) {
  const auto known = std::find_if(kConfigArguments.begin(), kConfigArguments.end(),
                                  [&](const ConfigArgument& each) { return each.dest == dest; });
  if (known == kConfigArguments.end()) return value;
  RL_ASSIGN_OR_RETURN(json config, ReadConfigClass(*known->config_class, value));
  if (known->check == nullptr) return config;
  const Status status = known->check(&config);
  if (!status.ok()) return status.WithContext(known->config_class->name);
  return config;
}

}  // namespace redline::backends::vllm
