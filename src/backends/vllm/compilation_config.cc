#include "backends/vllm/compilation_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backends/vllm/model_config.h"
#include "backends/vllm/names.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

constexpr int64_t kVllmCompile = 3;
constexpr std::string_view kPostInit = "config/vllm.py: VllmConfig.__post_init__";
constexpr std::string_view kModeField = "compilation.cudagraph_mode";

// The passes that an optimization level decides, and what levels above 0 say of them; the two
// fusions depend on the custom ops (config/vllm.py: OPTIMIZATION_LEVEL_0*).
enum class PassRule { kOn, kOff, kIfNormOrQuant, kIfActivationOrQuant };
constexpr auto kPasses = std::to_array<std::pair<const char*, PassRule>>({
    {"eliminate_noops", PassRule::kOn},
    {"fuse_norm_quant", PassRule::kIfNormOrQuant},
    {"fuse_act_quant", PassRule::kIfActivationOrQuant},
    {"fuse_allreduce_rms", PassRule::kOff},
    {"fuse_attn_quant", PassRule::kOff},
    {"enable_sp", PassRule::kOff},
    {"fuse_gemm_comms", PassRule::kOff},
});
constexpr std::array<std::string_view, 4> kLevelModes = {"NONE", "PIECEWISE", "FULL_AND_PIECEWISE",
                                                         "FULL_AND_PIECEWISE"};

template <typename T>
std::optional<T> Maybe(const json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return std::nullopt;
  return found->get<T>();
}

PassConfig ReadPassConfig(const json& asked) {
  PassConfig pass_config;
  for (const auto& [name, rule] : kPasses) pass_config.passes[name] = Maybe<bool>(asked, name);
  pass_config.fi_allreduce_fusion_max_size_mb =
      Maybe<double>(asked, "fi_allreduce_fusion_max_size_mb");
  pass_config.enable_qk_norm_rope_fusion = asked.value("enable_qk_norm_rope_fusion", false);
  return pass_config;
}

bool HasOp(const CompilationConfig& compilation, std::string_view op) {
  const auto& ops = compilation.custom_ops;
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

// CompilationConfig.is_custom_op_enabled.
bool IsOpEnabled(const CompilationConfig& compilation, const std::string& op) {
  if (HasOp(compilation, "all")) return !HasOp(compilation, "-" + op);
  return HasOp(compilation, "+" + op);
}

bool ValueOf(PassRule rule, const CompilationConfig& compilation) {
  switch (rule) {
    case PassRule::kOn:
      return true;
    case PassRule::kOff:
      return false;
    case PassRule::kIfNormOrQuant:
      return IsOpEnabled(compilation, "rms_norm") || IsOpEnabled(compilation, "quant_fp8");
    case PassRule::kIfActivationOrQuant:
      return IsOpEnabled(compilation, "silu_and_mul") || IsOpEnabled(compilation, "quant_fp8");
  }
  return false;
}

// A dest of its own and the same key of --compilation-config exclude each other.
template <typename T>
Status TakeEither(const ServeArguments& arguments, const char* name, std::optional<T>* value) {
  const json& own = arguments.At(name);
  if (own.is_null()) return OkStatus();
  if (*value)
    return InvalidArgument(
        fmt::format("--{} and --compilation-config.{} exclude each other", name, name), name);
  *value = own.get<T>();
  return OkStatus();
}

// VllmConfig._set_compile_ranges and CompilationConfig.post_init_cudagraph_sizes.
Status CheckCompileSizes(const json& asked) {
  for (const json& point : asked.value("compile_ranges_split_points", json::array()))
    if (point <= 0)
      return InvalidArgument(
          fmt::format("compile_ranges_split_points holds {}; each must be positive", point.dump()),
          "compilation_config");
  for (const json& size : asked.value("compile_sizes", json::array()))
    if (!size.is_number_integer() && size != "cudagraph_capture_sizes")
      return InvalidArgument(fmt::format("compile_sizes holds {}; each must be a number or "
                                         "\"cudagraph_capture_sizes\"",
                                         size.dump()),
                             "compilation_config");
  return OkStatus();
}

void LowerLevelWhenEager(const Context& context, EngineConfig* config) {
  if (config->optimization_level == 0 || !config->model.enforce_eager) return;
  context.notes->Warn("--enforce-eager overrides the optimization level: it is 0");
  context.notes->Rewrote("optimization_level", config->optimization_level, 0,
                         "--enforce-eager means level 0", kPostInit);
  config->optimization_level = 0;
}

// The quantization of activations has a fast CUDA kernel for weights in blocks.
void EnableBlockQuantization(const ModelConfig& model, CompilationConfig* compilation) {
  if (model.has_blocked_weights && !HasOp(*compilation, "-quant_fp8"))
    compilation->custom_ops.emplace_back("+quant_fp8");
}

void SetMode(const Context& context, EngineConfig* config) {
  CompilationConfig& compilation = config->compilation;
  if (!compilation.mode) {
    compilation.mode = config->optimization_level > 0 ? kVllmCompile : 0;
    context.notes->Rewrote("compilation.mode", nullptr, *compilation.mode,
                           "the optimization level's: 3 above level 0", kPostInit);
  }
  if (HasOp(compilation, "all") || HasOp(compilation, "none")) return;
  const bool fused = compilation.backend == "inductor" && compilation.mode != 0;
  compilation.custom_ops.emplace_back(fused ? "none" : "all");
}

void SetCudagraphMode(const Context& context, std::string mode, std::string_view rule,
                      std::string_view source, CompilationConfig* compilation) {
  context.notes->Rewrote(kModeField,
                         compilation->cudagraph_mode ? json(*compilation->cudagraph_mode) : json(),
                         mode, rule, source);
  compilation->cudagraph_mode = std::move(mode);
}

void SetPasses(const Context& context, EngineConfig* config) {
  CompilationConfig& compilation = config->compilation;
  for (const auto& [name, rule] : kPasses) {
    std::optional<bool>& pass = compilation.pass_config.passes[name];
    if (pass) continue;
    pass = config->optimization_level > 0 && ValueOf(rule, compilation);
    context.notes->Rewrote(
        fmt::format("compilation.pass_config.{}", name), nullptr, *pass,
        "the optimization level's, and for the fusions whether the ops they fuse "
        "are custom ones",
        "config/vllm.py: VllmConfig._apply_optimization_level_defaults");
  }
  if (compilation.pass_config.passes["fuse_gemm_comms"] == true)
    compilation.pass_config.passes["enable_sp"] = true;
}

bool ContainsAttention(const std::vector<std::string>& ops) {
  constexpr auto kAttentionOps = std::to_array<std::string_view>(
      {"vllm::unified_attention", "vllm::unified_attention_with_output",
       "vllm::unified_mla_attention", "vllm::unified_mla_attention_with_output",
       "vllm::mamba_mixer2", "vllm::mamba_mixer", "vllm::short_conv", "vllm::linear_attention",
       "vllm::plamo2_mamba_mixer", "vllm::gdn_attention_core", "vllm::kda_attention",
       "vllm::sparse_attn_indexer"});
  return std::all_of(kAttentionOps.begin(), kAttentionOps.end(), [&](std::string_view op) {
    return std::find(ops.begin(), ops.end(), op) != ops.end();
  });
}

constexpr std::string_view kSplitting = "config/compilation.py: set_splitting_ops_for_v1";

Status SplitForAttentionFusion(const Context& context, CompilationConfig* compilation) {
  if (!compilation->splitting_ops && HasPiecewiseCudagraphs(*compilation))
    SetCudagraphMode(context, "FULL", "fusing attention with its quantization leaves no pieces",
                     kSplitting, compilation);
  if (!compilation->splitting_ops || !ContainsAttention(*compilation->splitting_ops))
    return OkStatus();
  return InvalidArgument("fuse_attn_quant cannot work when splitting_ops splits at attention",
                         "compilation_config");
}

void DropPiecesWithoutSplitting(const Context& context, CompilationConfig* compilation) {
  if (!compilation->splitting_ops || !compilation->splitting_ops->empty()) return;
  constexpr std::string_view kRule = "without splitting_ops there are no pieces to capture";
  if (compilation->cudagraph_mode == "PIECEWISE")
    SetCudagraphMode(context, "NONE", kRule, kSplitting, compilation);
  if (compilation->cudagraph_mode == "FULL_AND_PIECEWISE")
    SetCudagraphMode(context, "FULL", kRule, kSplitting, compilation);
}

}  // namespace

bool HasPiecewiseCudagraphs(const CompilationConfig& compilation) {
  return compilation.cudagraph_mode == "PIECEWISE" ||
         compilation.cudagraph_mode == "FULL_AND_PIECEWISE";
}

bool HasFullCudagraphs(const CompilationConfig& compilation) {
  return compilation.cudagraph_mode.value_or("NONE").starts_with("FULL");
}

Result<CompilationConfig> CreateCompilationConfig(const Context& context) {
  const json& asked = context.arguments.At("compilation_config");
  CompilationConfig compilation;
  compilation.mode = Maybe<int64_t>(asked, "mode");
  compilation.backend = asked.value("backend", "");
  if (compilation.backend.empty()) compilation.backend = "inductor";
  compilation.custom_ops = asked.value("custom_ops", std::vector<std::string>());
  compilation.splitting_ops = Maybe<std::vector<std::string>>(asked, "splitting_ops");
  compilation.cudagraph_mode = Maybe<std::string>(asked, "cudagraph_mode");
  compilation.max_cudagraph_capture_size = Maybe<int64_t>(asked, "max_cudagraph_capture_size");
  compilation.cudagraph_capture_sizes =
      Maybe<std::vector<int64_t>>(asked, "cudagraph_capture_sizes");
  compilation.use_inductor_graph_partition = Maybe<bool>(asked, "use_inductor_graph_partition");
  compilation.pass_config = ReadPassConfig(asked.value("pass_config", json::object()));
  if (compilation.pass_config.enable_qk_norm_rope_fusion)
    compilation.custom_ops.emplace_back("+rotary_embedding");
  RL_RETURN_IF_ERROR(CheckCompileSizes(asked));
  RL_RETURN_IF_ERROR(TakeEither(context.arguments, "cudagraph_capture_sizes",
                                &compilation.cudagraph_capture_sizes));
  RL_RETURN_IF_ERROR(TakeEither(context.arguments, "max_cudagraph_capture_size",
                                &compilation.max_cudagraph_capture_size));
  return compilation;
}

void ApplyOptimizationLevel(const Context& context, EngineConfig* config) {
  CompilationConfig& compilation = config->compilation;
  LowerLevelWhenEager(context, config);
  if (compilation.backend == "eager" || compilation.mode.value_or(kVllmCompile) != kVllmCompile)
    context.notes->Warn("without Inductor the optimizations that need it are off");
  EnableBlockQuantization(config->model, &compilation);
  SetMode(context, config);
  SetPasses(context, config);
  const auto level = static_cast<size_t>(config->optimization_level);
  if (!compilation.cudagraph_mode)
    SetCudagraphMode(context, std::string(kLevelModes[level]), "the optimization level's",
                     kPostInit, &compilation);
  if (!compilation.use_inductor_graph_partition) compilation.use_inductor_graph_partition = false;
  if (HasPiecewiseCudagraphs(compilation) && compilation.mode != kVllmCompile)
    SetCudagraphMode(context, "NONE", "piecewise CUDA graphs need compilation mode 3", kPostInit,
                     &compilation);
}

void LimitCudagraphsToModel(const Context& context, EngineConfig* config) {
  CompilationConfig& compilation = config->compilation;
  const std::string mode = *compilation.cudagraph_mode;
  if (HasFullCudagraphs(compilation) && HasPooler(context, config->model))
    SetCudagraphMode(context, "PIECEWISE", "pooling models have no full CUDA graphs", kPostInit,
                     &compilation);
  else if (config->model.is_encoder_decoder && mode != "NONE" && mode != "FULL_DECODE_ONLY")
    SetCudagraphMode(context, "FULL_DECODE_ONLY", "encoder-decoder models capture decoding only",
                     kPostInit, &compilation);
  if (!config->model.enforce_eager) return;
  SetCudagraphMode(context, "NONE", "--enforce-eager switches CUDA graphs off", kPostInit,
                   &compilation);
  compilation.max_cudagraph_capture_size = 0;
  compilation.cudagraph_capture_sizes = std::vector<int64_t>();
}

Status SetSplittingOps(const Context& context, EngineConfig* config) {
  CompilationConfig& compilation = config->compilation;
  if (compilation.mode != kVllmCompile) return OkStatus();
  if (compilation.pass_config.passes["fuse_attn_quant"] == true &&
      compilation.use_inductor_graph_partition != true)
    RL_RETURN_IF_ERROR(SplitForAttentionFusion(context, &compilation));
  else
    DropPiecesWithoutSplitting(context, &compilation);
  if (config->parallel.all2all_backend != "deepep_high_throughput" ||
      config->parallel.data_parallel_size <= 1 || compilation.cudagraph_mode == "NONE")
    return OkStatus();
  context.notes->Warn(
      "deepep_high_throughput switches CUDA graphs off; other all-to-all backends "
      "keep them");
  SetCudagraphMode(context, "NONE", "DeepEP's high-throughput kernels cannot be captured",
                   kSplitting, &compilation);
  return OkStatus();
}

}  // namespace redline::backends::vllm
