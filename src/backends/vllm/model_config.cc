#include "backends/vllm/model_config.h"

#include <fmt/format.h>

#include <array>

#include "backends/vllm/hf_overrides.h"
#include "backends/vllm/model_dtype.h"
#include "backends/vllm/model_facts.h"
#include "backends/vllm/model_length.h"
#include "backends/vllm/names.h"
#include "backends/vllm/quantization.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

bool IsTrue(const std::optional<std::string>& variable) {
  const std::string text = ToLower(Trim(variable.value_or("")));
  return text == "1" || text == "true";
}

Status CheckConfigFormat(const ServeArguments& arguments) {
  constexpr std::array<std::string_view, 3> kFormats = {"auto", "hf", "mistral"};
  const std::string format = arguments.Text("config_format");
  if (Contains(kFormats, format)) return OkStatus();
  return InvalidArgument(fmt::format("--config-format \"{}\" is not known; known: {}{}",
                                     Excerpt(format), Listed(kFormats), Hint(format, kFormats)),
                         "config_format");
}

Result<std::string> FirstArchitecture(const json& hf_config) {
  const json names = hf_config.value("architectures", json());
  if (names.is_array() && !names.empty() && names[0].is_string())
    return names[0].get<std::string>();
  return InvalidArgument("config.json names no architecture; vLLM cannot choose a model class",
                         "model");
}

// ModelConfig._get_runner_type. A class that vLLM does not know may still run on the Transformers
// library's own code, which is not known here.
Result<std::string> RunnerType(const Context& context, const ArchitectureFacts& facts) {
  const std::string asked = context.arguments.Text("runner");
  const bool pools = facts.is_known && facts.pools && !facts.generates;
  if (asked == "auto" || asked.empty()) return std::string(pools ? "pooling" : "generate");
  if (asked == "generate" && pools)
    return InvalidArgument("--runner generate: the model only pools; leave the flag out", "runner");
  return asked;
}

Status TakeArchitecture(const Context& context, ModelConfig* model) {
  RL_ASSIGN_OR_RETURN(model->architecture, FirstArchitecture(model->hf_config));
  const ArchitectureFacts facts = FactsOfArchitecture(model->architecture);
  if (!facts.is_known)
    context.notes->Warn(fmt::format(
        "vLLM has no class for {}; it would try the Transformers library's", model->architecture));
  RL_ASSIGN_OR_RETURN(model->runner_type, RunnerType(context, facts));
  model->supports_pipeline = facts.supports_pipeline || !facts.is_known;
  model->is_multimodal = facts.is_multimodal;
  model->is_hybrid = facts.is_hybrid;
  model->is_attention_free = facts.is_attention_free;
  model->is_encoder_decoder = model->hf_config.value("is_encoder_decoder", json()) == true;
  return OkStatus();
}

Status TakeDtype(const Context& context, ModelConfig* model) {
  RL_ASSIGN_OR_RETURN(
      const ModelDtype dtype,
      ResolveDtype(model->hf_config, context.arguments.Text("dtype"),
                   context.hardware.compute_capability, model->runner_type == "pooling"));
  model->dtype = dtype.dtype;
  if (!dtype.warning.empty()) context.notes->Warn(dtype.warning);
  context.notes->Rewrote("model.dtype", context.arguments.At("dtype"), "torch." + model->dtype,
                         "the model's own dtype, as far as the GPU has it",
                         "config/model.py: _get_and_verify_dtype");
  return OkStatus();
}

Status TakeLength(const Context& context, ModelConfig* model) {
  const auto asked = context.arguments.MaybeInt("max_model_len");
  if (asked && *asked <= 0)
    return InvalidArgument(fmt::format("max_model_len is {}; it must be positive", *asked),
                           "max_model_len");
  RL_ASSIGN_OR_RETURN(
      const ModelLength length,
      ResolveModelLength(model->hf_text_config, asked,
                         context.arguments.Flag("disable_sliding_window"),
                         IsTrue(context.Environment("VLLM_ALLOW_LONG_MAX_MODEL_LEN"))));
  model->max_model_len = length.max_model_len;
  if (!length.warning.empty()) context.notes->Warn(length.warning);
  context.notes->Rewrote("model.max_model_len", context.arguments.At("max_model_len"),
                         model->max_model_len, "the length that config.json gives the model",
                         "config/model.py: _get_and_verify_max_len");
  return OkStatus();
}

std::optional<std::string> AskedQuantization(const Context& context) {
  if (context.arguments.Text("model").ends_with(".gguf")) return "gguf";
  const json& asked = context.arguments.At("quantization");
  return asked.is_string() ? std::optional(ToLower(asked.get<std::string>())) : std::nullopt;
}

Status TakeQuantization(const Context& context, ModelConfig* model) {
  RL_ASSIGN_OR_RETURN(const Quantization quantization,
                      ResolveQuantization(model->hf_config, AskedQuantization(context),
                                          context.hardware.compute_capability));
  model->quantization = quantization.method;
  model->has_blocked_weights = quantization.has_blocked_weights;
  context.notes->Rewrote("model.quantization", context.arguments.At("quantization"),
                         quantization.method ? json(*quantization.method) : json(),
                         "the checkpoint's own quantization",
                         "config/model.py: ModelConfig._verify_quantization");
  return OkStatus();
}

// ModelConfig._verify_bnb_config.
void TakeEager(const Context& context, ModelConfig* model) {
  model->enforce_eager = context.arguments.Flag("enforce_eager");
  const json own = model->hf_config.value("quantization_config", json());
  if (model->quantization != "bitsandbytes" || !own.is_object() ||
      own.value("load_in_8bit", json()) != true)
    return;
  context.notes->Rewrote("model.enforce_eager", model->enforce_eager, true,
                         "bitsandbytes of 8 bits has no CUDA graphs",
                         "config/model.py: ModelConfig._verify_bnb_config");
  model->enforce_eager = true;
}

void TakeAttentionKind(const Context& context, ModelConfig* model) {
  const auto disabled = ParseInt64(Trim(context.Environment("VLLM_MLA_DISABLE").value_or("0")));
  model->use_mla = IsDeepSeekMla(model->hf_text_config) && disabled.value_or(1) == 0;
  model->is_sparse = model->hf_config.contains("index_topk");
  model->disable_cascade_attn = context.arguments.Flag("disable_cascade_attn");
}

// The pooling type decides; without one the class's own, which is "LAST" for language models.
bool PoolsInOrder(const Context& context, const ModelConfig& model) {
  if (!FactsOfArchitecture(model.architecture).generates) return false;
  const std::string type = ConfigText(context.arguments.At("pooler_config"), "pooling_type");
  return type.empty() || type == "LAST" || type == "ALL";
}

Status CheckGroupedContextParallel(const ModelConfig& model, const ParallelConfig& parallel) {
  const int64_t size = parallel.decode_context_parallel_size;
  const int64_t kv_heads = NumKvHeads(model.hf_text_config);
  const int64_t heads = ConfigInt(model.hf_text_config, "num_attention_heads");
  if (kv_heads <= 0 || parallel.tensor_parallel_size <= kv_heads)
    return InvalidArgument(fmt::format("decode context parallelism needs a tensor parallel size "
                                       "above the model's {} KV heads, not {}",
                                       kv_heads, parallel.tensor_parallel_size),
                           "decode_context_parallel_size");
  if (size <= parallel.tensor_parallel_size / kv_heads && heads / kv_heads % size == 0)
    return OkStatus();
  return InvalidArgument(
      fmt::format(
          "decode_context_parallel_size is {}; with {} KV heads and tensor parallel size {} "
          "it must divide {} and be at most {}",
          size, kv_heads, parallel.tensor_parallel_size, heads / kv_heads,
          parallel.tensor_parallel_size / kv_heads),
      "decode_context_parallel_size");
}

}  // namespace

Result<ModelConfig> CreateModelConfig(const Context& context) {
  ModelConfig model;
  model.model = context.arguments.Text("model");
  RL_RETURN_IF_ERROR(CheckConfigFormat(context.arguments));
  RL_ASSIGN_OR_RETURN(model.hf_config,
                      OverrideHfConfig(context.hf_config, context.arguments.At("hf_overrides")));
  model.hf_text_config = TextConfig(model.hf_config);
  RL_RETURN_IF_ERROR(TakeArchitecture(context, &model));
  RL_RETURN_IF_ERROR(TakeDtype(context, &model));
  RL_RETURN_IF_ERROR(TakeLength(context, &model));
  RL_RETURN_IF_ERROR(TakeQuantization(context, &model));
  TakeEager(context, &model);
  TakeAttentionKind(context, &model);
  model.tokenizer_mode = ToLower(context.arguments.Text("tokenizer_mode"));
  return model;
}

Status VerifyModelWithParallel(const ModelConfig& model, const ParallelConfig& parallel) {
  const int64_t heads = ConfigInt(model.hf_text_config, "num_attention_heads");
  const int64_t size = parallel.tensor_parallel_size;
  if (size == 0 || heads % size != 0)
    return InvalidArgument(
        fmt::format("the model has {} attention heads, which tensor parallel size {} does not "
                    "divide; choose a divisor",
                    heads, size),
        "tensor_parallel_size");
  if (parallel.enable_expert_parallel && NumExperts(model.hf_text_config) < 1)
    return InvalidArgument("--enable-expert-parallel: the model has no experts; leave the flag out",
                           "enable_expert_parallel");
  if (parallel.pipeline_parallel_size > 1 && !model.supports_pipeline)
    return InvalidArgument(fmt::format("{} cannot be split into pipeline stages; leave "
                                       "--pipeline-parallel-size at 1",
                                       model.architecture),
                           "pipeline_parallel_size");
  if (parallel.decode_context_parallel_size > 1 && !model.use_mla)
    return CheckGroupedContextParallel(model, parallel);
  return OkStatus();
}

bool HasPooler(const Context& context, const ModelConfig& model) {
  return model.runner_type == "pooling" || !context.arguments.At("pooler_config").is_null();
}

bool SupportsChunkedPrefill(const Context& context, const ModelConfig& model) {
  if (HasPooler(context, model)) return PoolsInOrder(context, model);
  return !model.is_encoder_decoder;
}

bool SupportsPrefixCaching(const Context& context, const ModelConfig& model) {
  if (HasPooler(context, model)) return PoolsInOrder(context, model);
  return !model.is_encoder_decoder && !model.is_hybrid && !model.is_attention_free;
}

}  // namespace redline::backends::vllm
