#include "backends/vllm/speculative_config.h"

#include <fmt/format.h>

#include <array>

#include "backends/vllm/config_classes.h"
#include "backends/vllm/model_facts.h"
#include "backends/vllm/names.h"
#include "backends/vllm/quantization.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

constexpr std::string_view kSpeculativeFlag = "speculative_config";

Status Bad(std::string message) {
  return InvalidArgument("--speculative-config: " + std::move(message),
                         std::string(kSpeculativeFlag));
}

// Models with layers that draft for themselves, by their type or class (hf_config_override).
constexpr std::array<std::string_view, 8> kMtpModelTypes = {
    "deepseek_v3",  "deepseek_v32", "deepseek_mtp",  "pangu_ultra_moe",
    "ernie4_5_moe", "qwen3_next",   "longcat_flash", "glm4_moe"};
constexpr std::array<std::string_view, 2> kMtpArchitectures = {"MiMoForCausalLM",
                                                               "Glm4MoeForCausalLM"};

bool DraftsForItself(const ModelConfig& model) {
  return Contains(kMtpModelTypes, ConfigText(model.hf_config, "model_type")) ||
         Contains(kMtpArchitectures, model.architecture);
}

bool IsSet(const json& config, const char* key) {
  const auto found = config.find(key);
  return found != config.end() && !found->is_null();
}

// A method by its own name; the names of single models' methods are old ones for "mtp".
std::string MethodOf(const Context& context, const json& config) {
  std::string method = ConfigText(config, "method");
  const std::string model = ConfigText(config, "model");
  if (method.empty() && (model == "ngram" || model == "[ngram]")) return "ngram";
  if (method == "mtp" || !Contains(kMtpMethods, method)) return method;
  context.notes->Warn(fmt::format("method {} is deprecated; it is now mtp", method));
  context.notes->Rewrote("speculative.method", method, "mtp",
                         "the methods of single models are one, mtp",
                         "config/speculative.py: SpeculativeConfig.__post_init__");
  return "mtp";
}

Status CheckNgram(const json& config) {
  const int64_t most = ConfigInt(config, "prompt_lookup_max");
  const int64_t least = ConfigInt(config, "prompt_lookup_min");
  if (most == 0 || least == 0 || least <= most) return OkStatus();
  return Bad(
      fmt::format("prompt_lookup_min ({}) must be at most prompt_lookup_max ({})", least, most));
}

// What the method drafts with: the model itself, an own model, or no model at all.
Result<std::string> DraftModel(const json& config, const std::string& method,
                               const ModelConfig& target) {
  if (const std::string model = ConfigText(config, "model"); !model.empty()) return model;
  if (!IsSet(config, "num_speculative_tokens")) return Bad("num_speculative_tokens is missing");
  if (method == "mtp") return target.model;
  if (method == "ngram") return method;
  return Bad(fmt::format("method \"{}\" needs a draft model, \"model\"", method));
}

Status CheckSelfDraft(const Context& context, const ModelConfig& target,
                      const SpeculativeConfig& speculative) {
  if (!DraftsForItself(target))
    return Bad(fmt::format("{} has no layers that predict further tokens; use another method",
                           target.architecture));
  const int64_t per_pass = ConfigInt(target.hf_text_config, "num_nextn_predict_layers");
  const int64_t tokens = speculative.num_speculative_tokens;
  if (per_pass > 0 && tokens > per_pass && tokens % per_pass != 0)
    return Bad(fmt::format("num_speculative_tokens ({}) must be a multiple of the model's {}",
                           tokens, per_pass));
  if (tokens > 1)
    context.notes->Warn(
        "more than one speculative token runs the same prediction layer several "
        "times, which can lower the acceptance rate");
  return OkStatus();
}

// The draft's weights are the model's own, so their quantization is.
Status CheckDraftQuantization(const Context& context, const json& config,
                              const ModelConfig& target) {
  const std::string asked = ConfigText(config, "quantization");
  if (asked.empty()) return OkStatus();
  const auto found =
      ResolveQuantization(target.hf_config, asked, context.hardware.compute_capability);
  return found.ok() ? OkStatus() : Bad(found.status().message());
}

Result<int64_t> DraftTensorParallelSize(const json& config, const ParallelConfig& parallel) {
  const int64_t whole = parallel.tensor_parallel_size;
  const int64_t size = ConfigInt(config, "draft_tensor_parallel_size", whole);
  if (size == 1 || size == whole) return size;
  return Bad(
      fmt::format("draft_tensor_parallel_size is {}; it must be 1 or the model's {}", size, whole));
}

Status CheckDraftLength(const json& config, const ModelConfig& target) {
  const int64_t length = ConfigInt(config, "max_model_len");
  if (length <= target.max_model_len) return OkStatus();
  return Bad(fmt::format("max_model_len ({}) must be at most the model's {}", length,
                         target.max_model_len));
}

// SpeculativeConfig._verify_args: EAGLE3 needs hidden states that only these models give.
Status CheckEagle3(const std::string& method, const ModelConfig& target) {
  if (method != "eagle3") return OkStatus();
  const std::string type = ConfigText(target.hf_text_config, "model_type");
  for (const char* known : {"llama", "qwen", "minicpm", "gpt_oss"})
    if (type.find(known) != std::string::npos) return OkStatus();
  return Bad(
      fmt::format("eagle3 works with Llama, Qwen, MiniCPM and gpt-oss models, not {}", type));
}

// The draft that is the model itself can be checked; of another one only the name is known.
Status CheckDraftModel(const Context& context, const json& config, const ModelConfig& target,
                       const SpeculativeConfig& speculative) {
  if (speculative.method == "mtp" && speculative.model == target.model) {
    RL_RETURN_IF_ERROR(CheckSelfDraft(context, target, speculative));
    return CheckDraftQuantization(context, config, target);
  }
  context.notes->Warn(
      fmt::format("the draft model {} was not checked: its config.json is not known",
                  Excerpt(speculative.model)));
  return CheckEagle3(speculative.method, target);
}

Status CheckDraft(const Context& context, const json& config, const ModelConfig& target,
                  const ParallelConfig& parallel, SpeculativeConfig* speculative) {
  if (speculative->method == "ngram") {
    if (IsSet(config, "draft_tensor_parallel_size"))
      speculative->draft_tensor_parallel_size = ConfigInt(config, "draft_tensor_parallel_size");
    return CheckNgram(config);
  }
  RL_RETURN_IF_ERROR(CheckDraftModel(context, config, target, *speculative));
  RL_ASSIGN_OR_RETURN(speculative->draft_tensor_parallel_size,
                      DraftTensorParallelSize(config, parallel));
  return CheckDraftLength(config, target);
}

}  // namespace

Status CheckSpeculativeSupported(const Context& context) {
  const json& config = context.arguments.At(kSpeculativeFlag);
  if (config.is_null()) return OkStatus();
  if (!config.is_object()) return Bad("must be a JSON object");
  if (ConfigText(config, "method") != "draft_model") return OkStatus();
  return Bad("vLLM does not support method draft_model yet; use ngram, medusa, eagle or mtp");
}

Result<std::optional<SpeculativeConfig>> CreateSpeculativeConfig(const Context& context,
                                                                 const ModelConfig& model,
                                                                 const ParallelConfig& parallel) {
  const json& asked = context.arguments.At(kSpeculativeFlag);
  if (asked.is_null()) return std::optional<SpeculativeConfig>();
  auto read = ReadConfigClass(SpeculativeConfigClass(), asked);
  if (!read.ok()) return Bad(read.status().message());
  const json& config = *read;
  SpeculativeConfig speculative;
  speculative.method = MethodOf(context, config);
  if (speculative.method == "suffix")
    return Bad("suffix decoding needs the package arctic-inference, which vLLM does not install");
  RL_ASSIGN_OR_RETURN(speculative.model, DraftModel(config, speculative.method, model));
  if (!IsSet(config, "num_speculative_tokens")) return Bad("num_speculative_tokens is missing");
  speculative.num_speculative_tokens = ConfigInt(config, "num_speculative_tokens");
  speculative.disable_padded_drafter_batch = config.value("disable_padded_drafter_batch", false);
  RL_RETURN_IF_ERROR(CheckDraft(context, config, model, parallel, &speculative));
  return std::optional(speculative);
}

}  // namespace redline::backends::vllm
